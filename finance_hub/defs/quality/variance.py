"""Variances are of the actuals and the plans that there are; every rule was evaluated."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["core", "fct_plan_line"],
        name="plans_are_complete",
        description="The plan lines hold every budgeted amount of the source, once.",
        query="""
            with planned as (
                select connection_id, budget_id, sum(abs(amount_func)) as amount from core.fct_plan_line
                where source_kind = 'books' or department_name = 'all' group by all
            ),
            source as (
                select connection_id, plan_id as budget_id, sum(abs(amount_func)) as amount from intermediate.int_ledger_plan_lines_stacked group by all
                union all
                select connection_id, plan_id, sum(abs(amount)) from (
                    select connection_id, plan_id, org_unit_ref, account_code, period_month, sum(amount_func) as amount
                    from intermediate.int_planning_plan_entries_stacked group by all
                ) group by all
            )
            select connection_id, budget_id, planned.amount::varchar as planned, source.amount::varchar as in_source
            from planned full join source using (connection_id, budget_id)
            where planned.amount is distinct from source.amount
        """,
    ),
    expectation_check(
        asset=["core", "fct_plan_line"],
        name="plans_are_on_accounts_of_the_books",
        description="Every account that a planning tool plans on is one of the company's books: what is not cannot be compared with actuals.",
        query="""
            select entity_id, budget_name, account_code, count(*) as lines from core.fct_plan_line where account_id is null group by all
        """,
        level="warn",
    ),
    expectation_check(
        asset=["core", "fct_plan_change"],
        name="locked_plans_are_unchanged",
        description="No line of a locked plan has changed since the plan was first published locked.",
        query="""
            select plan_line_key, change_kind, amount_locked::varchar as amount_locked, amount_now::varchar as amount_now from core.fct_plan_change
        """,
        level="warn",
    ),
    expectation_check(
        asset=["marts", "budget_variance"],
        name="actuals_are_those_of_the_ledger",
        description="Actuals compared with a plan are those of the profit and loss.",
        query="""
            select variances.connection_id, variances.account_code, variances.period_month::varchar as period_month, variances.comparison,
                variances.actual::varchar as actual, statements.amount_func::varchar as in_statement
            from marts.budget_variance as variances
            left join marts.profit_and_loss as statements using (connection_id, account_id, period_month)
            where variances.department_name = 'all' and coalesce(variances.actual, 0) <> coalesce(statements.amount_func, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "budget_variance"],
        name="variances_recomputed",
        description="A variance is actual less budget, its percentage per budget, and unknown without one.",
        query="""
            select connection_id, account_code, department_name, period_month::varchar as period_month, comparison,
                actual::varchar as actual, budget::varchar as budget, variance_abs::varchar as variance_abs, variance_pct::varchar as variance_pct
            from marts.budget_variance
            where variance_abs <> coalesce(actual, 0) - coalesce(budget, 0)
                or (coalesce(budget, 0) = 0 and variance_pct is not null)
                or (budget <> 0 and abs(variance_pct - variance_abs * 100 / abs(budget)) > 0.0001)
        """,
    ),
    expectation_check(
        asset=["marts", "budget_variance"],
        name="variances_of_rates_and_operations_add_up",
        description="A variance in the group's currency is the effect of rates and the operational one, and its actual that of the statement.",
        query="""
            select variances.connection_id, variances.account_code, variances.department_name, variances.period_month::varchar as period_month,
                variances.comparison, variance_rpt::varchar as variance, fx_effect_rpt::varchar as fx_effect,
                operational_rpt::varchar as operational, actual_rpt::varchar as actual, statements.amount_rpt::varchar as in_statement
            from marts.budget_variance as variances
            left join (
                select connection_id, account_id, period_month, sum(amount_func) as amount_func, sum(amount_rpt) as amount_rpt
                from marts.profit_and_loss group by all
            ) as statements using (connection_id, account_id, period_month)
            where variance_rpt is distinct from fx_effect_rpt + operational_rpt
                or (variances.department_name = 'all' and abs(actual_rpt - statements.amount_rpt) > 0.02)
        """,
    ),
    expectation_check(
        asset=["marts", "budget_variance"],
        name="spans_are_those_of_their_months",
        description="What runs up from the year's beginning is what the months say.",
        query="""
            select later.connection_id, later.account_code, later.department_name, later.period_month::varchar as period_month,
                later.comparison, any_value(later.ytd_actual)::varchar as ytd_actual, sum(months.actual)::varchar as of_months,
                any_value(later.ytd_budget)::varchar as ytd_budget, sum(months.budget)::varchar as budget_of_months
            from marts.budget_variance as later
            join marts.budget_variance as months using (connection_id, account_id, department_name, comparison, fiscal_year)
            where months.period_month <= later.period_month
            group by later.connection_id, later.account_id, later.account_code, later.department_name, later.period_month, later.comparison
            having any_value(later.ytd_actual) <> sum(months.actual)
                or any_value(later.ytd_budget) <> coalesce(sum(months.budget), 0)
        """,
    ),
    expectation_check(
        asset=["marts", "budget_variance"],
        name="prior_years_are_those_of_the_ledger",
        description="The whole year before is what the profit and loss has for it.",
        query="""
            with years as (
                select connection_id, account_id, fiscal_year, any_value(account_code) as account_code, max(full_year_budget) as prior_year
                from marts.budget_variance where comparison = 'prior_year' and department_name = 'all'
                group by all
            ),
            statements as (
                select connection_id, account_id, fiscal_year + 1 as fiscal_year, sum(amount_func) as amount
                from marts.profit_and_loss group by all
            )
            select connection_id, account_code, fiscal_year, prior_year::varchar as prior_year, amount::varchar as in_statement
            from years left join statements using (connection_id, account_id, fiscal_year)
            where coalesce(prior_year, 0) <> coalesce(amount, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "variance_driver"],
        name="contributors_add_up_to_their_variance",
        description="Those that a variance comes from add up to it, in every dimension.",
        query="""
            select connection_id, account_code, period_month::varchar as period_month, comparison, dimension,
                sum(drivers.amount)::varchar as of_contributors, any_value(variances.variance_abs)::varchar as variance
            from marts.variance_driver as drivers
            left join (select * from marts.budget_variance where department_name = 'all') as variances
                using (connection_id, account_id, account_code, period_month, comparison)
            group by connection_id, account_id, account_code, period_month, comparison, dimension
            having sum(drivers.amount) is distinct from any_value(variances.variance_abs)
        """,
    ),
    expectation_check(
        asset=["marts", "cost_monitoring"],
        name="operating_expenses_are_those_of_the_ledger",
        description="The operating expense of an entity is that of its profit and loss, and of its departments together.",
        query="""
            with statements as (
                select entity_id, period_month, sum(amount_func) as amount
                from marts.profit_and_loss join core.dim_group_account using (group_account_code)
                where statement_section = 'operating_expenses'
                group by all
            ),
            monitored as (
                select entity_id, period_month, sum(amount_func) filter (department_name = 'all') as whole,
                    sum(amount_func) filter (department_name <> 'all') as of_departments
                from marts.cost_monitoring
                group by all
            )
            select entity_id, period_month::varchar as period_month, whole::varchar as whole, of_departments::varchar as of_departments,
                amount::varchar as in_statement
            from monitored full join statements using (entity_id, period_month)
            where whole is distinct from of_departments or coalesce(whole, 0) <> coalesce(amount, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "price_volume_mix"],
        name="effects_add_up_to_the_variance_of_revenue",
        description="Prices, quantities, mix, new, lost and other products add up to the variance, and all of a month to that of its revenue.",
        query="""
            with parts as (
                select entity_id, period_month, comparison, sum(variance_abs) as variance,
                    sum(price_effect + quantity_effect + mix_effect + new_effect + lost_effect + other_effect) as effects,
                    bool_or(product_name = 'other') as is_whole
                from marts.price_volume_mix group by all
            ),
            revenue as (
                select entity_id, period_month, comparison, sum(variance_abs) as variance from marts.budget_variance
                where department_name = 'all' and account_class = 'revenue' group by all
            )
            select entity_id, period_month::varchar as period_month, comparison, parts.effects::varchar as effects,
                parts.variance::varchar as variance, revenue.variance::varchar as of_revenue
            from parts left join revenue using (entity_id, period_month, comparison)
            where parts.effects is distinct from parts.variance or (is_whole and parts.variance is distinct from revenue.variance)
        """,
    ),
    expectation_check(
        asset=["marts", "cost_variance"],
        name="effects_add_up_to_the_variance_of_costs",
        description="Volume, efficiency, rate and spending add up to each variance, and all of an account to that of the comparison.",
        query="""
            with parts as (
                select entity_id, connection_id, account_id, period_month, comparison, sum(variance_abs) as variance,
                    sum(volume_effect + efficiency_effect + rate_effect + spending_effect) as effects
                from marts.cost_variance group by all
            ),
            compared as (
                select entity_id, connection_id, account_id, period_month, comparison, actual - coalesce(budget, 0) as variance
                from marts.budget_variance
                where department_name = 'all' and account_class = 'expense' and is_closed_month
                    and comparison in ('budget_original', 'budget_current', 'forecast_latest')
            )
            select entity_id, account_id, period_month::varchar as period_month, comparison, parts.effects::varchar as effects,
                compared.variance::varchar as of_account
            from compared full join parts using (entity_id, connection_id, account_id, period_month, comparison)
            where coalesce(parts.effects, 0) is distinct from compared.variance
        """,
    ),
    expectation_check(
        asset=["marts", "headcount_bridge"],
        name="payroll_is_bridged_whole",
        description="Planned payroll and the effects of people's number and rate come to what was paid; people are those of the plan.",
        query="""
            with planned as (
                select entity_id, coalesce(department_name, 'none') as department_name, period_month, sum(amount) as people
                from core.fct_plan_driver where driver = 'headcount' and scenario = 'actual' group by all
            )
            select entity_id, department_name, period_month::varchar as period_month, comparison, actual_cost::varchar as actual_cost,
                (planned_cost + headcount_effect + rate_effect + other_effect)::varchar as bridged, actual_headcount::varchar as actual_headcount
            from marts.headcount_bridge left join planned using (entity_id, department_name, period_month)
            where actual_cost <> planned_cost + headcount_effect + rate_effect + other_effect or actual_headcount <> people
        """,
    ),
    expectation_check(
        asset=["marts", "rule_evaluation"],
        name="outlooks_recomputed",
        description="What is to come of a year's cost is the ledger of its closed months and the forecast of its lines, against the oldest budget.",
        query="""
            with planned as (
                select entity_id, books_id as connection_id, account_id, period_month,
                    arg_min(amount_func, (budget_updated_at, budget_id)) as amount
                from core.fct_plan_line cross join core.dim_as_of
                where is_followed and account_id is not null and department_name = 'all' and coalesce(scenario, 'budget') = 'budget'
                    and budget_updated_at < as_of_date + interval 1 day
                group by all
            ),
            years as (
                select entity_id, min(period_month) as year_start, max(fiscal_year_end_date) as year_end from core.dim_date
                where (entity_id, fiscal_year) in (select entity_id, fiscal_year from core.dim_date join core.dim_as_of on period_month = closed_month)
                group by all
            ),
            spans as (
                select entity_id, year_end, min(period_month) as first_month from planned join years using (entity_id)
                where period_month between year_start and year_end group by all
            ),
            outlooks as (
                select connection_id, account_id, sum(amount) as outlook
                from (
                    select entity_id, connection_id, account_id, period_month, amount_func as amount
                    from marts.profit_and_loss cross join core.dim_as_of where period_month <= closed_month
                    union all
                    select entity_id, connection_id, account_id, period_month, mean_amount
                    from marts.forecast where forecast_level = 'line' and is_latest
                ) join spans using (entity_id)
                where period_month between first_month and year_end group by all
            ),
            budgets as (
                select connection_id, account_id, sum(amount) as budget from planned join spans using (entity_id)
                where period_month between first_month and year_end group by all
            )
            select subject_id, deviation::varchar as deviation, value::varchar as value, outlook::varchar as outlook, budget::varchar as budget
            from marts.rule_evaluation
            left join (select connection_id || '|' || account_id as subject_id, * from outlooks) using (subject_id)
            left join (select connection_id || '|' || account_id as subject_id, budget from budgets) using (subject_id)
            where rule_id = 'budget_outlook' and obstacle is null
                and (deviation is distinct from outlook - budget or coalesce(abs(value - deviation * 100 / abs(budget)) > 0.0001, true))
        """,
    ),
    expectation_check(
        asset=["marts", "alert"],
        name="every_rule_was_evaluated",
        description="Every rule has a row for every entity with books, if only to say why it cannot judge.",
        query="""
            select rules.rule_id, count(alerts.alert_key) as evaluated
            from core.alert_rules as rules left join marts.alert as alerts using (rule_id)
            where exists (from core.dim_entity) and rules.rule_id in ('revenue_below_target', 'cac_over_target', 'development_over_budget')
            group by rules.rule_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="evaluated", min_value=1)],
        level="warn",
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of variances and rules."""
    return dg.Definitions(asset_checks=[checks_of("variance", CHECKS)])
