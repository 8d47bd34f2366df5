"""The ledger is whole, balances, and is what the statements say."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="journals_balance",
        description="Every journal balances to the last digit.",
        query="""
            select connection_id, journal_id, sum(amount_func)::varchar as difference from core.fct_gl_line
            group by connection_id, journal_id having sum(amount_func) <> 0
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="no_line_is_lost",
        description="Every raw line up to the as-of date stands in the ledger: same count, same debits.",
        query="""
            with raw_lines as (
                select lines.connection_id, count(*) as line_count, sum(greatest(lines.amount_func, 0)) as debits
                from staging.stg_xero__journal_lines as lines
                left join staging.stg_xero__journals as journals using (connection_id, journal_id)
                cross join core.dim_as_of as today
                where coalesce(journals.posting_date, today.as_of_date) <= today.as_of_date
                group by lines.connection_id
            ),
            ledger_lines as (
                select connection_id, count(*) as line_count, sum(greatest(amount_func, 0)) as debits
                from core.fct_gl_line group by connection_id
            )
            select connection_id, raw_lines.line_count as raw_count, ledger_lines.line_count as ledger_count,
                raw_lines.debits::varchar as raw_debits, ledger_lines.debits::varchar as ledger_debits
            from raw_lines full join ledger_lines using (connection_id)
            where raw_lines.line_count is distinct from ledger_lines.line_count or raw_lines.debits is distinct from ledger_lines.debits
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="every_line_has_an_account",
        description="A line whose account nobody knows would be missing from every statement.",
        query="""
            select lines.connection_id, lines.gl_line_key, lines.account_id
            from core.fct_gl_line as lines left join core.dim_account as accounts using (connection_id, account_id)
            where accounts.account_id is null or accounts.account_class = 'unmapped'
        """,
    ),
    expectation_check(
        asset=["core", "fct_fx_rate"],
        name="rates_are_complete",
        description="No month lacks a rate: amounts in reporting currency would be incomplete.",
        query="""
            select entity_id, period_month::varchar as period_month, from_currency, to_currency
            from core.fct_fx_rate where fx_status = 'missing_rate'
        """,
    ),
    expectation_check(
        asset=["marts", "trial_balance"],
        name="trial_balance_is_zero",
        description="Debits equal credits in every month of every entity, and last month's closing is this month's opening.",
        query="""
            select entity_id, period_month::varchar as period_month, sum(amount_func)::varchar as difference,
                sum(opening_func + debit_func - credit_func - closing_func)::varchar as roll_forward
            from marts.trial_balance group by entity_id, period_month
            having sum(amount_func) <> 0 or bool_or(opening_func + debit_func - credit_func <> closing_func)
        """,
    ),
    expectation_check(
        asset=["marts", "balance_sheet"],
        name="balance_sheet_balances",
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
        asset=["marts", "profit_and_loss"],
        name="statements_tie",
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
        asset=["marts", "subledger_tie"],
        name="subledgers_tie",
        description="Open documents agree with their control account, within a cent a document and one unit in all.",
        query="""
            select entity_id, ledger, subledger_amount::varchar as subledger_amount, control_amount::varchar as control_amount,
                difference::varchar as difference
            from marts.subledger_tie where abs(difference) > least(tolerance, 1.00)
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of the ledger."""
    return dg.Definitions(asset_checks=[checks_of("ledger", CHECKS)])
