"""The ledger is whole, balances, and is what the statements say."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="journals_balance",
        control="B-01",
        description="Every journal balances to the last digit.",
        query="""
            select entity_id, any_value(period_month)::varchar as period_month, connection_id, journal_id, sum(amount_func)::varchar as difference
            from core.fct_gl_line group by entity_id, connection_id, journal_id having sum(amount_func) <> 0
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="journals_balance_in_their_own_currency",
        control="B-01",
        description="A journal that is in one currency throughout balances in it too.",
        query="""
            select entity_id, any_value(period_month)::varchar as period_month, connection_id, journal_id, sum(amount_txn)::varchar as difference
            from core.fct_gl_line group by entity_id, connection_id, journal_id
            having count(*) = count(amount_txn) and count(distinct currency_txn) = 1 and sum(amount_txn) <> 0
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="no_line_is_lost",
        control="C-01",
        description="Every line that the systems' models give, up to the as-of date, stands in the ledger: same count, same debits.",
        query="""
            with given as (
                select connection_id, count(*) as line_count, sum(greatest(amount_func, 0)) as debits
                from intermediate.int_ledger_gl_lines_stacked cross join core.dim_as_of as today
                where coalesce(posting_date, today.as_of_date) <= today.as_of_date group by connection_id
            ),
            kept as (
                select connection_id, count(*) as line_count, sum(greatest(amount_func, 0)) as debits from core.fct_gl_line group by connection_id
            )
            select connection_id, given.line_count as given_count, kept.line_count as ledger_count,
                given.debits::varchar as given_debits, kept.debits::varchar as ledger_debits
            from given full join kept using (connection_id)
            where given.line_count is distinct from kept.line_count or abs(given.debits - kept.debits) > 0.005 * given.line_count
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_quarantine"],
        name="nothing_waits_in_quarantine",
        control="C-01",
        description="A document that could not be posted is missing from every statement: its reason says what to mend in the books.",
        level="warn",
        query="""
            select entity_id, date_trunc('month', document_date)::date::varchar as period_month, document_kind, document_number, reason, detail,
                amount_func::varchar as amount, currency_func as currency
            from core.fct_gl_quarantine
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="every_line_has_an_account",
        control="C-04",
        description="A line whose account nobody knows would be missing from every statement.",
        query="""
            select lines.entity_id, lines.period_month::varchar as period_month, lines.connection_id, lines.gl_line_key, lines.account_id
            from core.fct_gl_line as lines left join core.dim_account as accounts using (connection_id, account_id)
            where accounts.account_id is null or accounts.account_class = 'unmapped'
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="every_account_is_in_the_group_chart",
        control="C-04",
        description="An account without a place in the group's chart stands in a line of its own: add it to the seed account_mapping.",
        query="""
            select lines.entity_id, accounts.account_code, accounts.account_name, accounts.account_type, count(*) as line_count,
                sum(lines.amount_func)::varchar as amount
            from core.fct_gl_line as lines inner join core.dim_account as accounts using (connection_id, account_id)
            where lines.group_account_code = 'unmapped' group by all
        """,
    ),
    expectation_check(
        asset=["core", "fct_fx_rate"],
        name="rates_are_complete",
        control="B-07",
        description="No month lacks a rate: amounts in reporting currency would be incomplete.",
        query="""
            select entity_id, period_month::varchar as period_month, from_currency, to_currency
            from core.fct_fx_rate where fx_status = 'missing_rate'
        """,
    ),
    expectation_check(
        asset=["marts", "trial_balance"],
        name="trial_balance_is_zero",
        control="B-02",
        description="Debits equal credits in every month of every entity, and last month's closing is this month's opening.",
        query="""
            select entity_id, period_month::varchar as period_month, sum(amount_func)::varchar as difference,
                sum(opening_func + debit_func - credit_func - closing_func)::varchar as roll_forward
            from marts.trial_balance group by entity_id, period_month
            having sum(amount_func) <> 0 or bool_or(opening_func + debit_func - credit_func <> closing_func)
        """,
    ),
    expectation_check(
        asset=["marts", "trial_balance"],
        name="balances_continue",
        control="B-04",
        description="A balance sheet account opens each month with what it closed the month before.",
        query="""
            with followed as (
                select entity_id, period_month, account_code, opening_func,
                    lag(closing_func) over (partition by entity_id, connection_id, account_id order by period_month) as closed_func
                from marts.trial_balance where account_class not in ('revenue', 'expense')
            )
            select entity_id, period_month::varchar as period_month, account_code, opening_func::varchar as opening, closed_func::varchar as closed
            from followed where opening_func <> closed_func
        """,
    ),
    expectation_check(
        asset=["marts", "balance_sheet"],
        name="earnings_roll_forward",
        control="B-04",
        description="Retained and current earnings together grow by the month's profit, in both currencies, and by nothing else.",
        query="""
            with earned as (
                select entity_id, period_month, sum(amount_func) as earnings_func, sum(amount_rpt) as earnings_rpt
                from marts.balance_sheet where account_id in ('retained_earnings_system', 'current_year_earnings') group by all
            ),
            profits as (
                select entity_id, period_month, sum(case account_class when 'revenue' then amount_func else -amount_func end) as profit_func,
                    sum(case account_class when 'revenue' then amount_rpt else -amount_rpt end) as profit_rpt
                from marts.profit_and_loss group by all
            ),
            rolled as (
                select entity_id, period_month, coalesce(earnings_func, 0) - coalesce(lag(earnings_func) over months, 0) as change_func,
                    coalesce(earnings_rpt, 0) - coalesce(lag(earnings_rpt) over months, 0) as change_rpt,
                    coalesce(profit_func, 0) as profit_func, coalesce(profit_rpt, 0) as profit_rpt
                from earned full join profits using (entity_id, period_month)
                window months as (partition by entity_id order by period_month)
            )
            select entity_id, period_month::varchar as period_month, change_func::varchar as change_func, profit_func::varchar as profit_func,
                change_rpt::varchar as change_rpt, profit_rpt::varchar as profit_rpt
            from rolled where change_func <> profit_func or change_rpt <> profit_rpt
        """,
    ),
    expectation_check(
        asset=["marts", "balance_sheet"],
        name="balance_sheet_balances",
        control="B-03",
        description="Assets equal liabilities and equity at every month's end, in the entity's currency and in that of reporting.",
        query="""
            with compared as (
                select entity_id, period_month::varchar as period_month,
                    sum(case when account_class in ('asset', 'unmapped') then amount_func else -amount_func end) as difference_func,
                    sum(case when account_class in ('asset', 'unmapped') then amount_rpt else -amount_rpt end) as difference_rpt
                from marts.balance_sheet group by entity_id, period_month
            )
            select entity_id, period_month, difference_func::varchar as difference_func, difference_rpt::varchar as difference_rpt
            from compared where difference_func <> 0 or difference_rpt <> 0
        """,
    ),
    expectation_check(
        asset=["marts", "balance_sheet"],
        name="translation_rolls_forward",
        control="B-07",
        description="The translation difference grows by what the change of rates does to net assets and to the month's movements.",
        tolerance="half of the smallest unit an account",
        query="""
            with revalued as (
                select told.*, told.account_class <> 'equity' and coalesce(chart.fx_rate_type, 'closing') = 'closing' as is_revalued,
                    case when told.account_class in ('asset', 'unmapped') then 1 else -1 end as side
                from marts.balance_sheet as told left join core.dim_group_account as chart using (group_account_code)
                where told.currency_func <> told.currency_rpt
            ),
            sides as (
                select entity_id, period_month, count(*) as accounts,
                    sum(case when is_revalued then side * amount_func else 0 end) as net_assets_func,
                    -- Equity, less what else keeps the rate of its day, as investments do.
                    sum(case when not is_revalued and account_id <> 'translation_adjustment' then -side * amount_rpt else 0 end) as equity_rpt,
                    sum(case account_id when 'translation_adjustment' then amount_rpt else 0 end) as adjustment_rpt
                from revalued group by all
            ),
            rolled as (
                select entity_id, period_month, accounts, adjustment_rpt - lag(adjustment_rpt) over months as change_rpt,
                    lag(net_assets_func) over months * (closing_rate - lag(closing_rate) over months)
                        + (net_assets_func - lag(net_assets_func) over months) * closing_rate - (equity_rpt - lag(equity_rpt) over months) as expected_rpt
                from sides inner join core.fct_fx_rate using (entity_id, period_month)
                window months as (partition by entity_id order by period_month)
            )
            select entity_id, period_month::varchar as period_month, change_rpt::varchar as change_rpt, expected_rpt::varchar as expected_rpt
            from rolled cross join core.dim_as_of where abs(change_rpt - expected_rpt) > smallest_unit_rpt * accounts
        """,
    ),
    expectation_check(
        asset=["marts", "profit_and_loss"],
        name="statements_tie",
        control="B-05",
        description="The profit of all months up to a month's end is what the balance sheet shows as earnings.",
        query="""
            with profits as (
                select entity_id, period_month, sum(case when account_class = 'revenue' then amount_func else -amount_func end) as profit
                from marts.profit_and_loss group by entity_id, period_month
            ),
            earnings as (
                select entity_id, period_month, sum(amount_func) as earnings from marts.balance_sheet
                where account_id in ('retained_earnings_system', 'current_year_earnings') group by entity_id, period_month
            ),
            compared as (
                select earnings.entity_id, earnings.period_month, earnings.earnings, sum(profits.profit) as profit
                from earnings
                inner join profits on earnings.entity_id = profits.entity_id and earnings.period_month >= profits.period_month
                group by all
            )
            select entity_id, period_month::varchar as period_month, earnings::varchar as earnings, profit::varchar as profit
            from compared where earnings <> profit
        """,
    ),
    expectation_check(
        asset=["marts", "cash_flow"],
        name="cash_flow_ties",
        control="B-05",
        description="What flowed, told either way, is the change of cash, in both currencies.",
        query="""
            select entity_id, period_month::varchar as period_month, method,
                sum(case category when 'closing_cash' then -amount_func else amount_func end)::varchar as difference_func,
                sum(case category when 'closing_cash' then -amount_rpt else amount_rpt end)::varchar as difference_rpt
            from marts.cash_flow group by all
            having sum(case category when 'closing_cash' then -amount_func else amount_func end) <> 0
                or sum(case category when 'closing_cash' then -amount_rpt else amount_rpt end) <> 0
        """,
    ),
    expectation_check(
        asset=["core", "fct_allocation"],
        name="costs_that_are_passed_on_have_drivers",
        description="A rule of allocation finds somebody to pass the cost on to; else it stays where it is.",
        query="""
            select entity_id, period_month::varchar as period_month, rule_id, from_department, driver, sum(amount_func)::varchar as amount
            from core.fct_allocation where status = 'no_driver' group by all
        """,
    ),
    expectation_check(
        asset=["marts", "consolidated_balance_sheet"],
        name="group_balance_sheet_balances",
        control="B-03",
        description="The group's assets equal its liabilities and equity, and so do the eliminations alone.",
        query="""
            select 'group' as entity_id, period_month::varchar as period_month,
                sum(case when account_class in ('asset', 'unmapped') then consolidated_rpt else -consolidated_rpt end)::varchar as difference,
                sum(case when account_class in ('asset', 'unmapped') then eliminations_rpt else -eliminations_rpt end)::varchar as eliminations
            from marts.consolidated_balance_sheet group by period_month
            having sum(case when account_class in ('asset', 'unmapped') then consolidated_rpt else -consolidated_rpt end) <> 0
                or sum(case when account_class in ('asset', 'unmapped') then eliminations_rpt else -eliminations_rpt end) <> 0
        """,
    ),
    expectation_check(
        asset=["marts", "consolidated_cash_flow"],
        name="group_cash_flow_ties",
        control="B-05",
        description="What flowed into the group and out of it is the change of its cash, and ends in the cash of its balance sheet.",
        query="""
            with flows as (
                select method, period_month, sum(case category when 'closing_cash' then -consolidated_rpt else consolidated_rpt end) as difference,
                    sum(eliminations_rpt) as eliminations, sum(case category when 'closing_cash' then consolidated_rpt else 0 end) as closing
                from marts.consolidated_cash_flow group by all
            ),
            cash as (
                select period_month, sum(consolidated_rpt) as closing from marts.consolidated_balance_sheet
                inner join core.dim_group_account using (group_account_code) where cash_flow_category = 'cash' group by all
            )
            select 'group' as entity_id, flows.period_month::varchar as period_month, flows.method, flows.difference::varchar as difference,
                flows.eliminations::varchar as eliminations, (flows.closing - cash.closing)::varchar as difference_to_balance_sheet
            from flows left join cash using (period_month)
            where flows.difference <> 0 or flows.eliminations <> 0 or flows.closing is distinct from coalesce(cash.closing, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "intercompany_matching"],
        name="intercompany_agrees",
        control="B-06",
        description="Both sides of every charge between entities have the same amount; what is only late or translated twice is explained.",
        tolerance="1 in reporting currency",
        level="warn",
        query="""
            select buyer_entity_id as entity_id, period_month::varchar as period_month, seller_entity_id, match_status, seller_document_number,
                buyer_document_number, difference_txn::varchar as difference, currency_txn
            from marts.intercompany_matching where match_status not in ('matched', 'timing') and abs(error_difference_rpt) > 1
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of the ledger."""
    return dg.Definitions(asset_checks=[checks_of("ledger", CHECKS)])
