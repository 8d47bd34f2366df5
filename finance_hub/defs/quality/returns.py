"""Returns of campaigns and channels rest on the books: on every basis the parts are the whole, to the cent, and the figures what they say."""

import dagster as dg

from finance_hub.attribution import MODELS
from finance_hub.expectations import checks_of, expectation_check, misses

_KINDS = " + ".join(f"cost_{kind}" for kind in ("media", "creative", "events", "personnel", "technology", "overhead", "unmapped"))


def _difference_in_cents(amount: str) -> str:
    """SQL: by how much all months differ from what is told to date; null where a part is unknown."""
    signed = f"case period_kind when 'month' then {amount} else -{amount} end"
    return f"(case when count({amount}) = count(*) then 100 * sum({signed}) end)::bigint"


CHECKS = (
    expectation_check(
        asset=["core", "fct_conversion_amount"],
        name="deals_and_the_rest_are_the_books",
        description="What deals came to, and what no deal explains, is what the ledger billed, earned and spent on it, by entity and month.",
        query="""
            with told as (
                select entity_id, period_month, sum(billed_func) as billed, sum(recognised_func) as recognised, sum(direct_cost_func) as cost
                from core.fct_conversion_amount group by all
            ),
            booked as (
                select lines.entity_id, lines.period_month,
                    -sum(case when lines.document_kind in ('sale', 'sale_credit') and chart.statement_section <> 'cost_of_revenue'
                        then lines.amount_func else 0 end) as billed,
                    -sum(case when chart.statement_section = 'revenue' then lines.amount_func else 0 end) as recognised,
                    sum(case when chart.statement_section = 'cost_of_revenue' then lines.amount_func else 0 end) as cost
                from core.fct_gl_line as lines inner join core.dim_group_account as chart using (group_account_code)
                where chart.statement_section in ('revenue', 'cost_of_revenue') or lines.group_account_code = '2200'
                group by all
            )
            select entity_id, period_month::varchar as period_month, told.billed::varchar as billed, booked.billed::varchar as billed_in_books,
                told.recognised::varchar as recognised, booked.recognised::varchar as recognised_in_books, told.cost::varchar as cost
            from told full join booked using (entity_id, period_month)
            where coalesce(told.billed, 0) <> coalesce(booked.billed, 0) or coalesce(told.recognised, 0) <> coalesce(booked.recognised, 0)
                or coalesce(told.cost, 0) <> coalesce(booked.cost, 0)
        """,
    ),
    expectation_check(
        asset=["core", "fct_conversion_amount"],
        name="most_revenue_has_a_customer",
        description="Of what an entity earned in the last twelve months, at most 5 % names no customer: what was open when its books began.",
        query="""
            select entity_id,
                (abs(sum(case when revenue_source = 'no_customer' then recognised_func else 0 end)) * 100 / nullif(abs(sum(recognised_func)), 0))::double
                    as without_pct
            from core.fct_conversion_amount cross join core.dim_as_of
            where period_month > as_of_date - interval 12 month group by entity_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="without_pct", min_value=0, max_value=5)],
        level="warn",
    ),
    expectation_check(
        asset=["core", "fct_attributed_amount"],
        name="attributed_amounts_are_the_books",
        description="Under every model, attributed and unattributed billing, revenue and margin of a month are the books', to the cent.",
        query=f"""
            with models as (select unnest({list(MODELS)}) as attribution_model),
            known as (
                select entity_id, period_month, attribution_model, sum(billed_rpt) as billed, sum(recognised_rpt) as recognised,
                    sum(gross_margin_rpt) as margin
                from core.fct_conversion_amount cross join models group by all
            ),
            told as (
                select entity_id, period_month, attribution_model, sum(billed_rpt) as billed, sum(recognised_rpt) as recognised,
                    sum(gross_margin_rpt) as margin
                from core.fct_attributed_amount group by all
            )
            select entity_id, period_month::varchar as period_month, attribution_model, told.billed::varchar as billed,
                known.billed::varchar as billed_in_books, told.recognised::varchar as recognised, known.recognised::varchar as recognised_in_books
            from told full join known using (entity_id, period_month, attribution_model)
            where told.billed is distinct from known.billed or told.recognised is distinct from known.recognised
                or told.margin is distinct from known.margin
        """,
    ),
    expectation_check(
        asset=["marts", "revenue_attribution"],
        name="touches_share_what_deals_came_to",
        description="Under every model the touches of a deal share what it was billed, earned and left, to the cent.",
        query="""
            with known as (
                select conversion_id, sum(billed_rpt) as billed, sum(recognised_rpt) as recognised, sum(gross_margin_rpt) as margin
                from core.fct_conversion_amount where conversion_id is not null group by conversion_id
            ),
            told as (
                select conversion_id, attribution_model, sum(attributed_billings) as billed, sum(attributed_recognised) as recognised,
                    sum(attributed_gross_margin) as margin
                from marts.revenue_attribution group by conversion_id, attribution_model
            )
            select conversion_id, attribution_model, told.billed::varchar as billed, known.billed::varchar as billed_in_books
            from told left join known using (conversion_id)
            where told.billed <> coalesce(known.billed, 0) or told.recognised <> coalesce(known.recognised, 0)
                or told.margin <> coalesce(known.margin, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="channels_are_the_books",
        description="By month and model, recognised revenue of the channels is the profit and loss', and their cost all that marketing cost.",
        query="""
            with told as (
                select entity_id, period_month, attribution_model, sum(attributed_recognised) as recognised, sum(cost_total) as cost
                from marts.channel_roi where period_kind = 'month' group by all
            ),
            models as (select distinct attribution_model from told),
            known as (
                select entity_id, period_month, sum(recognised) as recognised, sum(cost) as cost
                from (
                    select statements.entity_id, statements.period_month, statements.amount_rpt as recognised, 0 as cost
                    from marts.profit_and_loss as statements inner join core.dim_group_account using (group_account_code)
                    where statement_section = 'revenue'
                    union all by name
                    select entity_id, period_month, 0 as recognised, cost_rpt as cost from core.fct_campaign_cost
                ) group by all
            )
            select entity_id, period_month::varchar as period_month, attribution_model, told.recognised::varchar as recognised,
                known.recognised::varchar as recognised_in_books, told.cost::varchar as cost, known.cost::varchar as cost_in_books
            from (select * from known cross join models) as known full join told using (entity_id, period_month, attribution_model)
            where coalesce(told.recognised, 0) <> coalesce(known.recognised, 0) or coalesce(told.cost, 0) <> coalesce(known.cost, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="to_date_is_all_months",
        description="What a channel did to date is what it did in all months.",
        query=f"""
            select entity_id, channel, attribution_model,
                sum(case period_kind when 'month' then leads else -leads end) as leads,
                {_difference_in_cents("attributed_revenue")} as revenue_cents,
                {_difference_in_cents("attributed_billings")} as billing_cents,
                {_difference_in_cents("cost_total")} as cost_cents
            from marts.channel_roi group by all
        """,
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column=column, min_value=0, max_value=0)
            for column in ("leads", "revenue_cents", "billing_cents", "cost_cents")
        ],
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="kinds_of_cost_add_up",
        description="The kinds of cost of every channel and campaign are all of its cost.",
        query=f"""
            select 'channel' as what, entity_id, channel as name, attribution_model, cost_total::varchar as cost_total
            from marts.channel_roi where cost_total <> {_KINDS}
            union all
            select 'campaign', entity_id, campaign_id, attribution_model, cost_total::varchar
            from marts.campaign_roi where cost_total <> {_KINDS}
        """,
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="little_cost_is_unmapped",
        description="At most 5 % of what an entity's marketing cost to date is on accounts that the seed marketing_cost_kinds does not know.",
        query="""
            select entity_id, (sum(cost_unmapped) * 100 / nullif(sum(cost_total), 0))::double as unmapped_pct
            from marts.channel_roi where period_kind = 'to_date' and attribution_model = 'linear' group by entity_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="unmapped_pct", min_value=0, max_value=5)],
        level="warn",
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="channel_returns_recomputed",
        description="Returns, cost per lead and CAC of channels, computed again; without their denominator they are unknown.",
        query=f"""
            select entity_id, channel, attribution_model, period_kind, period_month::varchar as period_month, roi_pct::varchar as roi_pct
            from marts.channel_roi
            where (cost_total <> 0 and (abs(roi_pct - (attributed_revenue - cost_total) * 100 / cost_total) > 0.0001
                    or abs(margin_roi_pct - (attributed_gross_margin - cost_total) * 100 / cost_total) > 0.0001))
                or (cost_total = 0 and (roi_pct is not null or margin_roi_pct is not null))
                or (leads > 0 and abs(cpl - cost_total / leads) > 0.0001) or (leads = 0 and cpl is not null)
                or (new_customers > 0 and {misses("cac", "cost_total", "new_customers")})
                or (cost_media <> 0 and abs(media_roas_x * cost_media - attributed_revenue) > 0.000001 * abs(cost_media) + 0.0001)
        """,
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="channel_figures_are_possible",
        description="No channel has more qualified leads than leads, fewer than no customers, or a row without a status.",
        query="""
            select entity_id, channel, period_month::varchar as period_month, leads - mqls as unqualified, leads - opps as not_taken_up,
                new_customers::double as new_customers, roi_status, cac_status
            from marts.channel_roi
        """,
        expectations=lambda expect: [
            *(
                expect.ExpectColumnValuesToBeBetween(column=column, min_value=0)
                for column in ("unqualified", "not_taken_up", "new_customers")
            ),
            expect.ExpectColumnValuesToNotBeNull(column="roi_status"),
            expect.ExpectColumnValuesToNotBeNull(column="cac_status"),
        ],
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="channel_shares_are_steady",
        description="Where leads come from has moved by at most a quarter from year to year (half the sum of differences of shares), of at least 200 leads each.",
        query="""
            with leads as (
                select entity_id, channel, sum(leads) filter (period_month > as_of_date - interval 12 month) as now,
                    sum(leads) filter (period_month between as_of_date - interval 24 month and as_of_date - interval 12 month) as before
                from marts.channel_roi cross join core.dim_as_of
                where period_kind = 'month' and attribution_model = 'linear' group by all
            ),
            shares as (
                select *, sum(now) over (partition by entity_id) as all_now, sum(before) over (partition by entity_id) as all_before from leads
            )
            select entity_id, sum(abs(coalesce(now, 0) / all_now - coalesce(before, 0) / all_before))::double * 50 as moved_pct
            from shares where all_now >= 200 and all_before >= 200 group by entity_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="moved_pct", min_value=0, max_value=25)],
        level="warn",
    ),
    expectation_check(
        asset=["marts", "channel_roi"],
        name="channels_are_fresh",
        description="Channels of every entity with leads are told up to the month before the as-of date's.",
        query="""
            select entity_id, date_diff('month', max(period_month) filter (leads > 0), any_value(as_of_date)) as months_old
            from marts.channel_roi cross join core.dim_as_of where period_kind = 'month'
            group by entity_id having sum(leads) > 0
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="months_old", min_value=0, max_value=1)],
        level="warn",
    ),
    expectation_check(
        asset=["marts", "budget_allocation"],
        name="budgets_are_kept",
        description="The recommended split of an entity spends what is spent now, to the cent, within spends that were seen.",
        query="""
            select entity_id, channel, recommended_spend::varchar as recommended_spend, spend_change::varchar as spend_change, total::varchar as total
            from (select *, sum(spend_change) over (partition by entity_id) as total from marts.budget_allocation)
            where total <> 0 or spend_change <> recommended_spend - current_spend
                or recommended_spend not between lowest_spend and highest_spend or (status <> 'ok' and spend_change <> 0)
        """,
    ),
    expectation_check(
        asset=["marts", "budget_allocation"],
        name="the_next_unit_earns_the_same",
        description="At the recommended split all channels within their bounds have one marginal return; those at the upper bound more, at the lower less.",
        query="""
            with placed as (
                select *, case when recommended_spend <= lowest_spend + 0.02 then 'low' when recommended_spend >= highest_spend - 0.02 then 'high'
                        else 'inside' end as place
                from marts.budget_allocation where status = 'ok'
            ),
            prices as (
                select entity_id, avg(recommended_marginal_roi_pct) filter (place = 'inside') as price from placed group by entity_id
            )
            select entity_id, channel, place, recommended_marginal_roi_pct::varchar as marginal, price::varchar as price
            from placed inner join prices using (entity_id)
            where (place = 'inside' and abs(recommended_marginal_roi_pct - price) > 0.01 * (100 + price))
                or (place = 'high' and recommended_marginal_roi_pct < price - 0.01 * (100 + price))
                or (place = 'low' and recommended_marginal_roi_pct > price + 0.01 * (100 + price))
                or expected_gain < -0.01 or expected_gain_low > expected_gain_high or carry_over not between 0 and 0.81
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of returns."""
    return dg.Definitions(asset_checks=[checks_of("returns", CHECKS)])
