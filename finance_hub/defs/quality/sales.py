"""Sales: no deal is lost on its way, every cent sold and billed is told once, and chances are what they were worth."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["core", "fct_deal"],
        name="no_deal_is_lost",
        description="Every deal that a CRM tells of, and that was entered up to the as-of date, is there once.",
        query="""
            with told as (
                select connection_id, deal_id from intermediate.int_growth_deals_stacked cross join core.dim_as_of
                where coalesce(created_at, closed_at, as_of_date) < as_of_date + 1
            )
            select connection_id, deal_id, count(deals.deal_key) as times
            from told left join core.fct_deal as deals using (connection_id, deal_id)
            group by connection_id, deal_id
            having count(deals.deal_key) <> 1
        """,
    ),
    expectation_check(
        asset=["core", "fct_deal"],
        name="deals_have_a_value",
        description="At least 95 % of an entity's deals have an amount and a rate.",
        query="""
            select entity_id, count(*) filter (amount_status = 'ok') * 100.0 / count(*) as valued_pct from core.fct_deal group by entity_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="valued_pct", min_value=95, max_value=100)],
        level="warn",
    ),
    expectation_check(
        asset=["core", "fct_deal"],
        name="crms_are_alive",
        description="Each CRM's newest change of a deal is less than a month older than the as-of date.",
        query="""
            select connection_id, any_value(as_of_date) - least(max(updated_at)::date, any_value(as_of_date)) as days_since
            from core.fct_deal cross join core.dim_as_of group by connection_id
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="days_since", min_value=-1, max_value=31)],
        level="warn",
    ),
    expectation_check(
        asset=["core", "fct_deal_stage"],
        name="stays_follow_each_other",
        description="A stay ends when the next begins, and lasts at least no time; one that no other follows ends with the deal.",
        query="""
            with ordered as (
                select *, lead(entered_at) over (partition by deal_key order by stay_number) as next_at from core.fct_deal_stage
            )
            select ordered.deal_stage_key, ordered.entered_at::varchar as entered_at, ordered.left_at::varchar as left_at
            from ordered inner join core.fct_deal as deals using (deal_key)
            where left_at < entered_at or stay_days < 0 or left_at is distinct from coalesce(next_at, deals.closed_at)
        """,
    ),
    expectation_check(
        asset=["core", "fct_deal_invoice"],
        name="invoices_are_divided_wholly",
        description="The parts of every live invoice and credit note are what the ledger has of it without tax, to the cent.",
        query="""
            with posted as (
                select connection_id, document_id, -sum(amount_func) as net from core.fct_gl_line
                where document_kind in ('sale', 'sale_credit') and group_account_code not in ('1100', '1150', '2100')
                group by connection_id, document_id
            ),
            live as (
                select connection_id, document_id, net from core.fct_document inner join posted using (connection_id, document_id)
                where document_kind in ('sale', 'sale_credit') and partner_entity_id is null and status in ('open', 'paid') and net <> 0
            ),
            divided as (select connection_id, document_id, sum(amount_func) as net from core.fct_deal_invoice group by connection_id, document_id)
            select connection_id, document_id, live.net::varchar as posted, divided.net::varchar as divided
            from live full join divided using (connection_id, document_id) where live.net is distinct from divided.net
        """,
    ),
    expectation_check(
        asset=["core", "fct_deal_forecast"],
        name="chances_are_between_none_and_sure",
        description="A chance lies between 0 and 1, and is known wherever any deal had been decided before.",
        query="""
            select deal_forecast_key, probability_basis, coalesce(win_probability, -1)::double as win_probability from core.fct_deal_forecast
            where probability_basis <> 'no_history'
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="win_probability", min_value=0, max_value=1)],
    ),
    expectation_check(
        asset=["marts", "lead_to_revenue"],
        name="the_funnel_narrows",
        description="Who passed a step came to the next; who came to a step passed it, was given up, lost, stalled, or waits.",
        query="""
            with ordered as (
                select *, lead(reached_count, 1, 0) over (partition by entity_id, channel_id, cohort_month order by step_number) as next_count
                from marts.lead_to_revenue
            )
            select entity_id, channel_id, cohort_month::varchar as period_month, step, reached_count, passed_count, next_count,
                conversion_pct::varchar as conversion_pct
            from ordered
            where passed_count <> next_count
                or reached_count <> passed_count + disqualified_count + lost_count + stalled_count + waiting_count
                or (step <> 'cash' and abs(conversion_pct - passed_count * 100.0 / reached_count) > 0.0001)
        """,
    ),
    expectation_check(
        asset=["marts", "lead_to_revenue"],
        name="the_funnel_holds_every_deal",
        description="Money of the funnel's steps is that of the new deals and of what was billed for them, to the cent.",
        query="""
            with told as (
                select entity_id, coalesce(sum(amount_rpt) filter (step = 'won'), 0) as won,
                    coalesce(sum(amount_rpt) filter (step = 'opportunity'), 0) as opportunity
                from marts.lead_to_revenue group by entity_id
            ),
            known as (
                select entity_id, coalesce(sum(amount_rpt) filter (status = 'won'), 0) as won, coalesce(sum(amount_rpt), 0) as opportunity
                from core.fct_deal where deal_type = 'new' group by entity_id
            )
            select entity_id, told.won::varchar as won, known.won::varchar as won_again, told.opportunity::varchar as opportunity,
                known.opportunity::varchar as opportunity_again
            from told full join known using (entity_id)
            where coalesce(told.won, 0) <> coalesce(known.won, 0) or coalesce(told.opportunity, 0) <> coalesce(known.opportunity, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "pipeline_forecast"],
        name="the_weighted_pipeline_is_recomputed",
        description="It is the sum of amount x chance of every open deal, each to the cent; no open deal is missing or told twice.",
        query="""
            with known as (
                select deals.entity_id, coalesce(deals.seller_id, 'unassigned') as seller_id, count(*) as open_deals,
                    sum(deals.amount_rpt) as pipeline, sum(round(deals.amount_rpt * chances.win_probability, 2)) as weighted
                from core.fct_deal as deals
                left join core.fct_deal_forecast as chances on deals.deal_key = chances.deal_key and chances.months_before = 0
                where deals.status = 'open' group by all
            ),
            told as (
                select entity_id, seller_id, sum(open_deals) as open_deals, sum(pipeline_rpt) as pipeline, sum(weighted_rpt) as weighted,
                    count(*) as rows_told
                from marts.pipeline_forecast group by all
            )
            select entity_id, seller_id, told.open_deals::varchar as open_deals, known.open_deals as open_deals_again,
                told.weighted::varchar as weighted, known.weighted::varchar as weighted_again
            from told full join known using (entity_id, seller_id) cross join core.dim_as_of
            where coalesce(told.open_deals, 0) <> coalesce(known.open_deals, 0) or told.pipeline is distinct from known.pipeline
                or abs(coalesce(told.weighted, 0) - coalesce(known.weighted, 0)) > (0.005 + smallest_unit_rpt / 2) * coalesce(known.open_deals, 0)
        """,
    ),
    expectation_check(
        asset=["core", "fct_deal_forecast"],
        name="chances_come_true",
        description="Of deals that were open some months ago, as many were won since as was expected, within what chance explains (3.5 sigma).",
        query="""
            select months_before,
                abs(count(*) filter (outcome = 'won') - sum(win_probability))::double / sqrt(sum(win_probability * (1 - win_probability))::double)
                    as sigmas
            from core.fct_deal_forecast where months_before > 0 and outcome <> 'open' and win_probability is not null
            group by months_before having count(*) >= 10 and sum(win_probability * (1 - win_probability)) > 0
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="sigmas", min_value=0, max_value=3.5)],
        level="warn",
        tolerance="3.5 sigma",
    ),
    expectation_check(
        asset=["marts", "sales_performance"],
        name="bookings_are_those_of_the_deals",
        description="Every level holds each deal that was won or lost once, with its amount.",
        query="""
            with known as (
                select entity_id, date_trunc('month', closed_at)::date as period_month, count(*) filter (status = 'won') as won,
                    count(*) filter (status = 'lost') as lost, coalesce(sum(amount_rpt) filter (status = 'won'), 0) as bookings
                from core.fct_deal where status in ('won', 'lost') and closed_at is not null group by all
            ),
            told as (
                select entity_id, level, period_month, sum(won_deals) as won, sum(lost_deals) as lost, sum(bookings_rpt) as bookings
                from marts.sales_performance group by all
            )
            select entity_id, levels.level, period_month::varchar as period_month, told.bookings::varchar as bookings,
                known.bookings::varchar as bookings_again
            from known cross join (values ('rep'), ('team'), ('segment')) as levels (level)
            full join told using (entity_id, level, period_month)
            where coalesce(told.won, 0) <> coalesce(known.won, 0) or coalesce(told.lost, 0) <> coalesce(known.lost, 0)
                or coalesce(told.bookings, 0) <> coalesce(known.bookings, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "sales_performance"],
        name="the_cost_of_sale_is_that_of_the_ledger",
        description="What the levels share is what the ledger charges to sales departments, at the month's average rate.",
        query="""
            with booked as (
                select lines.entity_id, lines.period_month, round(sum(lines.amount_func * rates.average_rate), 2) as cost
                from core.fct_gl_line as lines
                inner join core.dim_account as accounts using (connection_id, account_id)
                inner join core.fct_fx_rate as rates on lines.entity_id = rates.entity_id and lines.period_month = rates.period_month
                where accounts.account_class = 'expense' and lower(lines.department_name) = 'sales'
                group by lines.entity_id, lines.period_month having count(rates.average_rate) = count(*)
            ),
            told as (
                select entity_id, level, period_month, sum(cost_of_sale_rpt) as cost from marts.sales_performance group by all
            )
            select entity_id, levels.level, period_month::varchar as period_month, told.cost::varchar as cost, booked.cost::varchar as cost_again
            from booked cross join (values ('rep'), ('team'), ('segment')) as levels (level)
            left join told using (entity_id, level, period_month)
            where abs(coalesce(told.cost, 0) - booked.cost) > 0.5
        """,
    ),
    expectation_check(
        asset=["marts", "crm_ledger_consistency"],
        name="sold_and_billed_are_complete",
        description="Matched, unmatched and pending deals are all won deals, and their invoices with those of no deal all that was billed, to the cent.",
        query="""
            with told as (
                select entity_id, coalesce(sum(deal_amount_txn), 0) as sold, sum(invoiced_func) - sum(credited_func) as billed,
                    count(*) filter (row_type = 'deal') as deals, count(*) filter (match_status not in ('matched', 'unmatched', 'pending')) as odd,
                    count(*) filter (difference_txn <> contract_amount_txn - coalesce(deal_amount_txn, 0)) as wrong
                from marts.crm_ledger_consistency group by entity_id
            ),
            won as (select entity_id, count(*) as deals, coalesce(sum(amount_txn), 0) as sold from core.fct_deal where status = 'won' group by entity_id),
            parts as (select entity_id, sum(amount_func) as billed from core.fct_deal_invoice group by entity_id)
            select entity_id, told.sold::varchar as sold, won.sold::varchar as sold_again, told.billed::varchar as billed,
                parts.billed::varchar as billed_again
            from told full join won using (entity_id) full join parts using (entity_id)
            where coalesce(told.deals, 0) <> coalesce(won.deals, 0) or coalesce(told.sold, 0) <> coalesce(won.sold, 0)
                or coalesce(told.billed, 0) <> coalesce(parts.billed, 0) or told.odd > 0 or told.wrong > 0
        """,
    ),
    expectation_check(
        asset=["marts", "crm_ledger_consistency"],
        name="new_deals_agree_with_their_invoices",
        control="R-10",
        description="At least 90 % of the amount of new deals whose billing has begun agrees with what their customers are billed, where books are read.",
        query="""
            select entity_id,
                sum(case match_status when 'matched' then deal_amount_func else 0 end)::double * 100 / sum(deal_amount_func)::double as matched_pct
            from marts.crm_ledger_consistency inner join core.dim_entity using (entity_id)
            where row_type = 'deal' and deal_type = 'new' and match_status <> 'pending' and source_system <> 'none'
            group by entity_id having count(*) >= 20 and sum(deal_amount_func) <> 0
        """,
        expectations=lambda expect: [expect.ExpectColumnValuesToBeBetween(column="matched_pct", min_value=90, max_value=100.0001)],
        level="warn",
        tolerance="10 %",
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of sales."""
    return dg.Definitions(asset_checks=[checks_of("sales", CHECKS)])
