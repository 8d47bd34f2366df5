"""Documents and payments say the same as the accounts that control them."""

import dagster as dg

from finance_hub.expectations import Check, checks_of, expectation_check


def _tie(ledger: str, control: str) -> Check:
    return expectation_check(
        asset=["marts", "subledger_tie"],
        name=f"{ledger}s_tie",
        control=control,
        description=f"Open {ledger}s agree with their control account, within a cent a document and one unit in all.",
        tolerance="a cent a document, at most 1.00",
        query=f"""
            select entity_id, ledger, subledger_amount::varchar as subledger_amount, control_amount::varchar as control_amount,
                difference::varchar as difference
            from marts.subledger_tie where ledger = '{ledger}' and abs(difference) > least(tolerance, 1.00)
        """,
    )


CHECKS = (
    _tie("receivable", "R-01"),
    _tie("payable", "R-02"),
    expectation_check(
        asset=["core", "fct_payment"],
        name="payments_are_what_the_bank_accounts_moved",
        control="R-03",
        description="Payments of a month that went through bank accounts are what the journals of payments moved on these.",
        tolerance="a cent a payment, at most 1.00",
        query="""
            with paid as (
                select entity_id, date_trunc('month', payment_date)::date as period_month, count(*) as payments,
                    sum(case payment_kind when 'received' then amount_func else -amount_func end) as amount
                from core.fct_payment as payments left join core.dim_account as accounts
                    on payments.connection_id = accounts.connection_id and payments.bank_account_id = accounts.account_id
                where payments.status not in ('deleted', 'voided') and coalesce(accounts.account_type, 'bank') in ('bank', 'credit_card')
                group by all
            ),
            moved as (
                select lines.entity_id, date_trunc('month', lines.posting_date)::date as period_month, sum(lines.amount_func) as amount
                from core.fct_gl_line as lines inner join core.dim_account as accounts using (connection_id, account_id)
                where accounts.account_type in ('bank', 'credit_card') and lines.document_kind in ('payment_received', 'payment_made')
                    and lines.entity_id in (select entity_id from core.fct_payment)
                group by all
            )
            select entity_id, period_month::varchar as period_month, paid.amount::varchar as paid, moved.amount::varchar as moved
            from paid full join moved using (entity_id, period_month)
            where abs(coalesce(paid.amount, 0) - coalesce(moved.amount, 0)) > least(0.01 * coalesce(payments, 1), 1.00)
        """,
    ),
    expectation_check(
        asset=["core", "fct_document"],
        name="billing_is_in_the_ledger",
        control="R-09",
        description="Sales invoices and credit notes of a month are what their journals posted to the control accounts. "
        "Money on account is a payment, and an entry that is open there by itself bills nobody.",
        tolerance="a cent a document",
        level="warn",
        query="""
            with billed as (
                select entity_id, date_trunc('month', document_date)::date as period_month, count(*) as documents,
                    sum(case document_kind when 'sale' then total_func else -total_func end) as amount
                from core.fct_document anti join core.fct_payment
                    on fct_document.connection_id = fct_payment.connection_id and fct_document.document_id = fct_payment.payment_id
                where document_kind in ('sale', 'sale_credit') and fct_document.status in ('open', 'paid')
                    and (fct_document.connection_id, fct_document.document_id) not in (
                        select (connection_id, document_id) from core.fct_gl_line
                        where document_kind in ('journal', 'bank_received', 'bank_spent') and document_id is not null
                    )
                group by all
            ),
            posted as (
                select lines.entity_id, date_trunc('month', lines.posting_date)::date as period_month, sum(lines.amount_func) as amount
                from core.fct_gl_line as lines inner join core.dim_account as accounts using (connection_id, account_id)
                where lines.document_kind in ('sale', 'sale_credit')
                    and accounts.system_role in ('receivable', 'intercompany_receivable')
                group by all
            )
            select entity_id, period_month::varchar as period_month, billed.amount::varchar as billed, posted.amount::varchar as posted
            from billed full join posted using (entity_id, period_month)
            where entity_id in (select entity_id from posted) and entity_id in (select entity_id from billed)
                and abs(coalesce(billed.amount, 0) - coalesce(posted.amount, 0)) > 0.01 * coalesce(documents, 1)
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of sub-ledgers."""
    return dg.Definitions(asset_checks=[checks_of("subledgers", CHECKS)])
