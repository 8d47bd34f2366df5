"""Every cent of revenue is attributed once, every campaign has its cost and its return."""

import dagster as dg

from finance_hub.attribution import MODELS
from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["marts", "revenue_attribution"],
        name="weights_sum_to_one",
        description="The shares of a conversion sum to one in every model.",
        query="""
            select entity_id, conversion_id, attribution_model, sum(weight)::double as weight from marts.revenue_attribution
            group by entity_id, conversion_id, attribution_model
        """,
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column="weight", min_value=1 - 1e-9, max_value=1 + 1e-9),
        ],
    ),
    expectation_check(
        asset=["marts", "revenue_attribution"],
        name="credit_is_the_revenue",
        description="Attributed and unattributed credit of every model is the revenue of every conversion, to the cent.",
        query=f"""
            with models as (select unnest({list(MODELS)}) as attribution_model),
            credited as (
                select conversion_id, attribution_model, sum(credit_amount_rpt) as credit
                from marts.revenue_attribution group by conversion_id, attribution_model
            )
            select conversion_id, attribution_model, conversions.amount_rpt::varchar as revenue, credited.credit::varchar as credit
            from core.fct_conversion as conversions cross join models
            full join credited using (conversion_id, attribution_model)
            where conversions.amount_rpt is distinct from credited.credit
        """,
    ),
    expectation_check(
        asset=["core", "fct_campaign_cost"],
        name="cost_is_that_of_the_books",
        description="Cost of campaigns and without one, as far as it comes from the books, is all that the books call marketing.",
        query="""
            with reported as (
                select entity_id, period_month, sum(books_cost_func) as amount from core.fct_campaign_cost
                where books_cost_func is not null group by entity_id, period_month
            ),
            booked as (
                select lines.entity_id, lines.period_month, sum(lines.amount_func) as amount
                from core.fct_gl_line as lines inner join core.dim_account as accounts using (connection_id, account_id)
                where accounts.account_class = 'expense' and (lines.campaign_id is not null or lower(lines.department_name) = 'marketing')
                group by lines.entity_id, lines.period_month
            )
            select entity_id, period_month::varchar as period_month, reported.amount::varchar as reported, booked.amount::varchar as booked
            from reported full join booked using (entity_id, period_month)
            where coalesce(reported.amount, 0) <> coalesce(booked.amount, 0)
        """,
    ),
    expectation_check(
        asset=["core", "fct_campaign_cost"],
        name="books_and_platform_agree",
        control="R-11",
        description="The books' cost of a campaign is what the platform says, within 5 % over all of an entity's billed months.",
        query="""
            select entity_id, round(abs(sum(platform_cost_func - books_cost_func)) * 100 / nullif(sum(books_cost_func), 0), 3)::double as difference_pct
            from core.fct_campaign_cost where books_cost_func is not null and platform_cost_func is not null group by entity_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="difference_pct", min_value=0, max_value=5)],
        level="warn",
    ),
    expectation_check(
        asset=["marts", "campaign_roi"],
        name="every_campaign_has_a_return",
        description="Every campaign with any cost, touch or credit has a row with a status in every model.",
        query="""
            with known as (
                select entity_id, campaign_id from core.fct_campaign_cost
                union select entity_id, campaign_id from marts.revenue_attribution where campaign_id is not null and campaign_id <> 'unattributed'
                union select entity_id, campaign_id from core.fct_touchpoint where campaign_id is not null
            )
            select entity_id, campaign_id, count(returns.roi_status) as models
            from known left join marts.campaign_roi as returns using (entity_id, campaign_id)
            group by entity_id, campaign_id
        """,
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column="models", min_value=len(MODELS), max_value=len(MODELS))
        ],
    ),
    expectation_check(
        asset=["marts", "campaign_roi"],
        name="returns_recomputed",
        description="The return of every campaign, computed again from its cost and its credit.",
        query="""
            with costs as (select entity_id, campaign_id, sum(cost_rpt) as cost from core.fct_campaign_cost group by all),
            credits as (
                select entity_id, campaign_id, attribution_model, sum(credit_amount_rpt) as revenue
                from marts.revenue_attribution group by all
            ),
            again as (
                select returns.*, coalesce(costs.cost, 0) as cost, coalesce(credits.revenue, 0) as revenue
                from marts.campaign_roi as returns
                left join costs using (entity_id, campaign_id)
                left join credits using (entity_id, campaign_id, attribution_model)
            )
            select entity_id, campaign_id, attribution_model, cost_total::varchar as cost_total, cost::varchar as cost_again,
                attributed_revenue::varchar as attributed_revenue, revenue::varchar as revenue_again, roi_pct::varchar as roi_pct
            from again
            where cost_total <> cost or attributed_revenue <> revenue
                or (cost <> 0 and abs(roi_pct - (revenue - cost) * 100 / cost) > 0.0001)
                or (cost = 0 and roi_pct is not null)
        """,
    ),
    expectation_check(
        asset=["marts", "financial_revenue_attribution"],
        name="money_facts_reconcile",
        description="The money facts of campaigns hold every cent of the linear model and of campaign cost, once.",
        query="""
            with told as (
                select 'revenue' as what, sum(revenue_amount) as told from marts.financial_revenue_attribution
                union all select 'cost', sum(campaign_cost) from marts.financial_revenue_attribution
            ),
            known as (
                select 'revenue' as what, sum(credit_amount_rpt) as known from marts.revenue_attribution where attribution_model = 'linear'
                union all select 'cost', sum(cost_rpt) from core.fct_campaign_cost
            )
            select what, told::varchar as told, known::varchar as known from told join known using (what)
            where coalesce(told, 0) <> coalesce(known, 0)
        """,
    ),
    expectation_check(
        asset=["core", "fct_conversion"],
        name="deals_have_a_customer",
        control="R-10",
        description="At least 95 % of an entity's won deals that are older than a quarter belong to a customer of the books, where they are read, or wait for a ruling.",
        query="""
            with waiting as (
                select left_connection_id as connection_id, left_record_id as company_id from marts.identity_review where kind = 'firm'
                union select right_connection_id, right_record_id from marts.identity_review where kind = 'firm'
            )
            select entity_id, count(coalesce(customer_id, waiting.company_id)) * 100.0 / count(*) as matched_pct
            from core.fct_conversion left join waiting using (connection_id, company_id) cross join core.dim_as_of
            inner join core.dim_entity as entities using (entity_id)
            where converted_at < as_of_date - 92 and entities.source_system <> 'none' group by entity_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="matched_pct", min_value=95, max_value=100)],
        level="warn",
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of attribution."""
    return dg.Definitions(asset_checks=[checks_of("attribution", CHECKS)])
