"""Closed months stay as they were published: a change is found, and somebody decides what becomes of it."""

import dagster as dg

from finance_hub import closing
from finance_hub.expectations import checks_of, expectation_check

CHECKS = (
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="closed_months_are_left_alone",
        control="P-01",
        description="Nothing was entered, changed or taken out in a month that is closed; else set what becomes of it: "
        "closing.<entity>.changes in hub.toml.",
        query="""
            select lines.entity_id, strptime(right(lines.journal_number, 7), '%Y-%m')::date::varchar as period_month, accounts.account_code,
                lines.amount_func::varchar as change, lines.posting_date::varchar as shown_on
            from core.fct_gl_line as lines
            inner join core.dim_closing as closings on lines.entity_id = closings.entity_id
            left join core.dim_account as accounts using (connection_id, account_id)
            where lines.document_kind = 'closed_period_change' and suffix(lines.journal_id, '|in') and closings.changes = 'block'
        """,
    ),
    expectation_check(
        asset=["marts", "trial_balance"],
        name="closed_months_hold_their_seal",
        control="P-02",
        description="The balances of closed months are those that were sealed, and every seal follows from the one before it.",
        query=f"""
            with kept as ({closing.content(closing.KEPT_ROWS)}),
            told as ({closing.content(closing.TOLD_ROWS)}),
            chained as (
                select *, previous_seal <> '' and previous_seal not in (select seal from hub.period_seals) as is_cut_off,
                    sha256(previous_seal || entity_id || period_month || version || content_hash || reason) as recomputed,
                    version = max(version) over (partition by entity_id, period_month) as is_latest
                from hub.period_seals
            )
            select chained.entity_id, chained.period_month::varchar as period_month, chained.version,
                case when chained.recomputed <> chained.seal or chained.is_cut_off then 'the seal was changed'
                    when coalesce(kept.content_hash, sha256('')) <> chained.content_hash then 'the kept balances were changed'
                    else 'the statements say something else' end as trouble
            from chained
            left join kept using (entity_id, period_month)
            left join told using (entity_id, period_month)
            left join core.dim_closing as closings on chained.entity_id = closings.entity_id
            where chained.recomputed <> chained.seal or chained.is_cut_off
                or (chained.is_latest and coalesce(kept.content_hash, sha256('')) <> chained.content_hash)
                or (chained.is_latest and coalesce(closings.changes, '') <> 'restate' and coalesce(told.content_hash, sha256('')) <> chained.content_hash)
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of closed periods."""
    return dg.Definitions(asset_checks=[checks_of("periods", CHECKS)])
