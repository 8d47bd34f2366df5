"""Forecasts add up, know nothing of what came later, are told with bounds that hold, and are better than the year before."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["marts", "forecast"],
        name="forecasts_of_parts_add_up",
        description="Lines add up to accounts, accounts to companies, group accounts and lines to the group, to the cent, at every origin.",
        query="""
            with parts as (
                select case forecast_level when 'line' then 'account' when 'account' then 'entity' else 'group' end as forecast_level,
                    parent_key as series_key, origin_month, period_month, sum(mean_amount) as of_parts
                from marts.forecast where parent_key is not null group by all
                union all
                select 'group', account_class, origin_month, period_month, sum(mean_rpt)
                from marts.forecast where forecast_level = 'line' and is_in_group group by all
            )
            select forecast_level, series_key, origin_month::varchar as origin_month, period_month::varchar as period_month,
                mean_amount::varchar as whole, of_parts::varchar as of_parts
            from marts.forecast join parts using (forecast_level, series_key, origin_month, period_month)
            where mean_amount is distinct from of_parts
        """,
    ),
    expectation_check(
        asset=["core", "fct_forecast_level"],
        name="forecasts_are_held_to_the_ledger",
        description="What forecasts are compared with is the profit and loss of the closed months, account by account.",
        query="""
            with booked as (
                select connection_id, entity_id, account_id, period_month, sum(actual_amount) as booked
                from core.fct_forecast_level where forecast_level = 'account' and origin_month is null group by all
            ),
            statements as (
                select connection_id, entity_id, account_id, period_month, sum(amount_func) as in_statement
                from marts.profit_and_loss cross join core.dim_as_of where period_month <= closed_month group by all
            )
            select entity_id, account_id, period_month::varchar as period_month, booked::varchar as booked, in_statement::varchar as in_statement
            from booked full join statements using (connection_id, entity_id, account_id, period_month)
            where coalesce(booked, 0) <> coalesce(in_statement, 0)
        """,
    ),
    expectation_check(
        asset=["core", "fct_forecast"],
        name="no_forecast_knows_what_came_later",
        description="At each origin the year before is what was entered by its closing, and only months after it are forecast.",
        query="""
            with known as (
                select leaf_key, origin_month, (booked.period_month + interval 12 month)::date as period_month, sum(amount_func) as known
                from (select distinct origin_month from core.fct_forecast) as origins
                join core.fct_booked_month as booked on booked.known_month <= origin_month and booked.period_month > origin_month - interval 12 month
                group by all
            )
            select leaf_key, origin_month::varchar as origin_month, period_month::varchar as period_month, naive_exact::varchar as year_before,
                known::varchar as known
            from core.fct_forecast left join known using (leaf_key, origin_month, period_month)
            where period_month <= origin_month
                or (history_months >= 12 and horizon_months <= 12 and naive_exact <> coalesce(known, 0))
        """,
    ),
    expectation_check(
        asset=["core", "fct_planned_month"],
        name="no_plan_counts_before_it_was_made",
        description="A plan is known at no closing before its version was made, tells only months after it, and is no what-if.",
        query="""
            select account_key, planned.period_month::varchar as period_month, known_month::varchar as known_month, planned.budget_id,
                budget_updated_at::varchar as made_at
            from core.fct_planned_month as planned
            join core.fct_plan_line as plans
                on planned.plan_connection_id = plans.connection_id and planned.connection_id = plans.books_id
                    and planned.entity_id = plans.entity_id and planned.budget_id = plans.budget_id
                    and planned.account_id = plans.account_id and planned.period_month = plans.period_month
            -- A month is closed before the next one ends.
            where department_name = 'all'
                and (budget_updated_at >= known_month + interval 2 month or planned.period_month <= known_month or plan_kind = 'what_if')
        """,
    ),
    expectation_check(
        asset=["marts", "forecast"],
        name="what_is_booked_is_forecast",
        description="Every line of the last twelve closed months is forecast from the last of them, as many months ahead as any.",
        query="""
            with booked as (
                select distinct leaf_key from (
                    select leaf_key, period_month from core.fct_booked_month cross join core.dim_as_of
                    where period_month > closed_month - interval 12 month and known_month <= closed_month
                    group by all having sum(amount_func) <> 0
                )
            ),
            told as (
                select series_key as leaf_key, count(mean_amount) as months from marts.forecast where forecast_level = 'line' and is_latest group by 1
            )
            select leaf_key, months from booked left join told using (leaf_key)
            where months is distinct from (select max(horizon_months) from marts.forecast)
        """,
    ),
    expectation_check(
        asset=["marts", "forecast"],
        name="bounds_are_around_the_forecast",
        description="What is expected lies between its bounds, the narrower ones within the wider ones.",
        query="""
            select forecast_level, series_key, origin_month::varchar as origin_month, period_month::varchar as period_month
            from marts.forecast where not (lo95 <= p10 and p10 <= p50 and p50 = mean_amount and p50 <= p90 and p90 <= hi95)
                or (interval_status = 'ok') <> (lo95 is not null)
        """,
    ),
    expectation_check(
        asset=["marts", "forecast_measure"],
        name="forecast_measures_recomputed",
        description="The accuracy of the next month and the share of months within their bounds are those of the back-test's rows.",
        query="""
            with rows as (
                select forecast_level,
                    100 - 100 * sum(abs(actual_amount - mean_amount) * rate_rpt) filter (horizon_months = 1)
                        / sum(abs(actual_amount) * rate_rpt) filter (horizon_months = 1) as accuracy,
                    100.0 * count(*) filter (actual_amount between lo95 and hi95) / count(*) filter (lo95 is not null and actual_amount is not null) as covered
                from marts.forecast_accuracy cross join core.dim_as_of where period_month > closed_month - interval 12 month group by 1
            )
            select measure, forecast_level, value_pct::varchar as value_pct, accuracy, covered from marts.forecast_measure join rows using (forecast_level)
            where abs(value_pct - case measure when 'A2' then accuracy when 'A4' then covered end) > 0.001
        """,
    ),
    expectation_check(
        asset=["marts", "forecast_measure"],
        name="forecasts_beat_the_year_before",
        description="On every level forecasts missed less of the last twelve months than the same months of the year before would have.",
        query="""
            select measure, forecast_level, value_pct::varchar as value_pct, naive_pct::varchar as naive_pct, error_of_naive_x::double as error_of_naive_x
            from marts.forecast_measure where measure in ('A1', 'A2') and case_count >= 6
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="error_of_naive_x", max_value=1, strict_max=True)],
        level="warn",
    ),
    expectation_check(
        asset=["marts", "forecast_measure"],
        name="bounds_hold",
        description="Of a hundred months nine in ten at least lie within their bounds of 95 %, on every level.",
        query="""
            select forecast_level, value_pct::double as covered_pct, case_count from marts.forecast_measure where measure = 'A4' and case_count >= 30
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="covered_pct", min_value=90)],
        level="warn",
        tolerance="5 %",
    ),
    expectation_check(
        asset=["marts", "revenue_forecast"],
        name="revenue_to_come_adds_up",
        description="What revenue rests on adds up to it, and the months' revenue is the forecast of the company's lines.",
        query="""
            with lines as (
                select entity_id, period_month as period_start_date, sum(mean_amount) as of_lines
                from marts.forecast join core.dim_group_account using (group_account_code)
                where forecast_level = 'line' and is_latest and is_in_group and forecast.account_class = 'revenue' and statement_section = 'revenue'
                group by all
            )
            select entity_id, period_kind, period_start_date::varchar as period_start_date, expected_func::varchar as expected, of_lines::varchar as of_lines
            from marts.revenue_forecast left join lines using (entity_id, period_start_date)
            where expected_func <> contracted_func + renewed_func + pipeline_func + to_be_found_func
                or (period_kind = 'month' and expected_func is distinct from of_lines)
        """,
    ),
    expectation_check(
        asset=["marts", "cash_forecast"],
        name="cash_to_come_rolls_forward",
        description="Cash begins with what the ledger has, every period with what the one before ended with, and its parts add up.",
        query="""
            with ledger as (
                select entity_id, sum(amount_func) as balance from core.fct_gl_line join core.dim_group_account using (group_account_code)
                cross join core.dim_as_of where cash_flow_category = 'cash' and posting_date <= as_of_date group by 1
            ),
            rolled as (
                select *, lag(closing_func) over (partition by entity_id, period_kind order by period_number) as closed_before from marts.cash_forecast
            )
            select entity_id, period_kind, period_number, opening_func::varchar as opening, net_func::varchar as net, closing_func::varchar as closing
            from rolled left join ledger using (entity_id)
            where opening_func <> coalesce(closed_before, balance, 0) or opening_func + net_func <> closing_func
                or net_func <> customers_func + suppliers_func + employees_func + taxes_func + group_func + other_func
                or net_func <> open_receivables_func + open_payables_func + likely_func
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of forecasts."""
    return dg.Definitions(asset_checks=[checks_of("forecast", CHECKS)])
