"""Cost of winning and worth of a customer, computed a second time from what they are made of."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["marts", "unit_economics"],
        name="acquisition_cost_recomputed",
        description="The loaded cost of sales and marketing is that of the ledger, at the month's average rate.",
        query="""
            with booked as (
                select lines.entity_id, lines.period_month, sum(lines.amount_func) * any_value(rates.average_rate) as cost, count(*) as line_count
                from core.fct_gl_line as lines
                inner join core.dim_account as accounts using (connection_id, account_id)
                inner join core.fct_fx_rate as rates on lines.entity_id = rates.entity_id and lines.period_month = rates.period_month
                where accounts.account_class = 'expense' and lower(lines.department_name) in ('sales', 'marketing')
                group by lines.entity_id, lines.period_month
            )
            select entity_id, period_month::varchar as period_month, economics.acquisition_cost::varchar as acquisition_cost, cost::varchar as cost_again
            from marts.unit_economics as economics left join booked using (entity_id, period_month)
            where economics.channel = 'all' and abs(economics.acquisition_cost - coalesce(cost, 0)) > 0.005 * coalesce(line_count, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="cac_recomputed",
        description="CAC is cost per new customer, and unknown without customers.",
        query="""
            with wins as (
                select entity_id, period_month, count(*) as customers from core.fct_conversion group by entity_id, period_month
            )
            select entity_id, channel, period_month::varchar as period_month, cac::varchar as cac, customers
            from marts.unit_economics as economics left join wins using (entity_id, period_month)
            where (channel = 'all' and abs(new_customers - coalesce(customers, 0)) > 0.00001)
                or (new_customers > 0 and abs(cac * new_customers - acquisition_cost) > 0.0001 + 0.000001 * cac)
                or (new_customers = 0 and cac is not null)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="ltv_recomputed",
        description="LTV is ARPC x gross margin / churn, at most five years of it; LTV:CAC is their quotient.",
        query="""
            with again as (
                select *, arpc * gross_margin_pct / 100 * least(coalesce(100 / nullif(monthly_churn_pct, 0), 60), 60) as ltv_again
                from marts.unit_economics where arpc > 0 and gross_margin_pct > 0
            )
            select entity_id, channel, period_month::varchar as period_month, ltv::varchar as ltv, round(ltv_again, 4)::varchar as ltv_again, ltv_cac_x::varchar as ltv_cac_x
            from again
            where ltv is null or abs(ltv - ltv_again) > 0.001 * ltv_again + 0.01
                or (cac > 0 and abs(ltv_cac_x - ltv / cac) > 0.001 * ltv / cac + 0.001)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="channels_add_up",
        description="Leads, new customers and revenue of the channels are those of the company.",
        query="""
            select entity_id, period_month::varchar as period_month,
                sum(case when channel = 'all' then leads else -leads end) as leads,
                sum(case when channel = 'all' then new_customers else -new_customers end)::double as new_customers,
                -- Unknown in all, where a deal of a channel has no rate.
                case when count(attributed_revenue) filter (channel = 'all') = 0 then 0
                    else sum(case when channel = 'all' then attributed_revenue else -attributed_revenue end)::double
                end as attributed_revenue
            from marts.unit_economics group by entity_id, period_month
        """,
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column="leads", min_value=0, max_value=0),
            expect.ExpectColumnValuesToBeBetween(column="new_customers", min_value=-0.0001, max_value=0.0001),
            expect.ExpectColumnValuesToBeBetween(column="attributed_revenue", min_value=-0.001, max_value=0.001),
        ],
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of unit economics."""
    return dg.Definitions(asset_checks=[checks_of("unit_economics", CHECKS)])
