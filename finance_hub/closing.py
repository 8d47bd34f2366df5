"""Closed months: what they held when they were first published closed, sealed so that nobody changes them unseen.

A month of an entity is sealed with the first snapshot that is published after it was closed. Its seal is a hash of its balances and of
the seal before it, so that a seal in the middle cannot be replaced alone. A restatement adds a seal of the next version, with its
reason; the older ones stay.
"""

from __future__ import annotations

from finance_hub import warehouse

_CLOSED = """
    with months as (
        select dates.entity_id, dates.period_month, any_value(closings.changes) as changes, any_value(closings.reason) as reason
        from core.dim_date as dates
        inner join core.dim_closing as closings on dates.entity_id = closings.entity_id
        where dates.is_period_end and dates.date_day <= closings.closed_until_date
        group by all
    )
"""
_CONTENT = """
    select entity_id, period_month,
        sha256(coalesce(string_agg(connection_id || '|' || account_id || '|' || net_func, chr(10) order by connection_id, account_id), '')) as content_hash
    from ({rows}) group by entity_id, period_month
"""
KEPT_ROWS = "select entity_id, connection_id, account_id, period_month, net_func from hub.closed_balances where net_func <> 0"
TOLD_ROWS = """
    select entity_id, connection_id, account_id, period_month, amount_func as net_func from marts.trial_balance where amount_func <> 0
"""


def content(rows: str) -> str:
    """SQL for the hash of each month's balances."""
    return _CONTENT.format(rows=rows)


def seal(database: warehouse.Database) -> int:
    """Seal the months that are closed and have none yet, and anew those that a restatement has changed; returns how many."""
    due = database.execute(
        f"""
        {_CLOSED}, told as ({content(TOLD_ROWS)}),
        latest as (select * from hub.period_seals qualify version = max(version) over (partition by entity_id, period_month))
        select months.entity_id, months.period_month, coalesce(latest.version, 0) + 1 as version, told.content_hash, months.reason
        from months
        left join told using (entity_id, period_month)
        left join latest using (entity_id, period_month)
        where latest.version is null or (months.changes = 'restate' and latest.content_hash is distinct from told.content_hash)
        order by months.entity_id, months.period_month
        """
    ).fetchall()
    for entity_id, period_month, version, content_hash, reason in due:
        database.execute("delete from hub.closed_balances where entity_id = ? and period_month = ?", [entity_id, period_month])
        database.execute(
            f"insert into hub.closed_balances select * from ({TOLD_ROWS}) where entity_id = ? and period_month = ?",
            [entity_id, period_month],
        )
        database.execute(
            """
            insert into hub.period_seals
            with before as (
                select max_by(seal, struct_pack(period_month := period_month, version := version)) as seal from hub.period_seals
                where entity_id = $entity and (period_month < $month or (period_month = $month and version < $version))
            )
            select $entity, $month, $version, now()::timestamp, coalesce($content, sha256('')), coalesce(seal, ''),
                sha256(coalesce(seal, '') || $entity || $month || $version || coalesce($content, sha256('')) || $reason), $reason
            from before
            """,
            {"entity": entity_id, "month": period_month, "version": version, "content": content_hash, "reason": reason or ""},
        )
    return len(due)
