"""How right the hub is about sales: what the CRM says was sold against what was billed, held against what truly was.

As in :mod:`finance_hub.scorecard`, everything is a query over ``hub``, the published snapshot, and ``meridian``, the simulated company.
A deal of the hub is the true one whose company, name and closing day it bears.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finance_hub import warehouse
from finance_hub.scorecard import ENTITIES, DefectScore

# Won deals as they truly are: what the customer agreed to pay, and whether the CRM says so within the tolerance. One whose term has not
# begun on the as-of date is billed by nobody yet.
_TRUE_DEALS = f"""
    select e.entity_id, e.entity_name, won.name as deal_name, won.closed_at::date as closed_on, won.opportunity_id, won.amount, won.currency,
        agreed.agreed_amount,
        case
            when agreed.start_date is null or agreed.start_date > today.as_of_date then 'pending'
            when abs(agreed.agreed_amount - won.amount) <= won.amount * $tolerance_pct / 100 then 'matched'
            else 'unmatched'
        end as truth
    from meridian.company.opportunity as won
    join ({ENTITIES}) as e on won.entity_id = e.true_id
    cross join hub.core.dim_as_of as today
    left join meridian.truth.deal_contract as agreed using (opportunity_id)
    where won.outcome = 'won' and won.closed_at < today.as_of_date + 1
        and (won.deleted_at is null or won.deleted_at >= today.as_of_date + 1)
"""

# Each true deal beside what the hub says of it; one that only the hub knows stands alone.
_COMPARED = f"""
    select coalesce(t.entity_id, told.entity_id) as entity_id, t.entity_name, t.opportunity_id, t.amount, t.currency, t.closed_on, t.truth,
        told.match_status, told.reason_code, told.deal_amount_txn, told.currency_txn, told.event_date, told.deal_key
    from ({_TRUE_DEALS}) as t
    full join (select * from hub.marts.crm_ledger_consistency where row_type = 'deal') as told
        on t.entity_id = told.entity_id and t.deal_name = told.deal_name and t.closed_on = told.event_date
"""

# Invoices and credit notes of customers that are alive on the as-of date.
_ALIVE = f"""
    select e.entity_id, d.* exclude (entity_id)
    from meridian.company.document as d join ({ENTITIES}) as e on d.entity_id = e.true_id
    cross join hub.core.dim_as_of as today
    where d.kind in ('sale', 'sale_credit') and d.customer_id is not null and d.issue_date <= today.as_of_date
        and d.recorded_at < today.as_of_date + 1
        and coalesce(d.voided_at, d.deleted_at, timestamp '9999-12-31') >= today.as_of_date + 1
"""

# The true deal that a document is owed for, by its name; null for none.
_OWED = """
    select document_id, any_value(o.name) as deal_name
    from meridian.truth.deal_invoice as i left join meridian.company.opportunity as o using (opportunity_id)
    where i.opportunity_id is not null group by document_id
"""

_TOLD_DOCUMENTS = """
    select i.entity_id, i.document_number, i.document_kind, i.document_date, max(i.deal_key) as deal_key, max(d.deal_name) as deal_name,
        sum(i.settled_func) as settled_func
    from hub.core.fct_deal_invoice as i left join hub.core.fct_deal as d using (deal_key) group by all
"""


@dataclass(frozen=True)
class ConsistencyScore:
    """Sales-finance consistency of one company, or of all: as the hub tells it and as it truly is.

    Of won deals whose billing has begun, the part within the tolerance: ``pct`` by amount (in US dollars, at the month's mean rate, for
    both), ``count`` by number. ``misjudged`` counts deals about which the two differ, ``pending`` those that nobody has billed yet.
    """

    entity: str
    deals: int
    pending: int
    matched: int
    truly_matched: int
    pct: Decimal | None
    true_pct: Decimal | None
    misjudged: int


def consistency(connection: warehouse.Database, *, tolerance_pct: int = 5) -> list[ConsistencyScore]:
    """Consistency by company, the group last. ``tolerance_pct`` is the models' ``deal_tolerance_pct``."""
    rows = connection.execute(
        f"""
        with dollars as (
            select f.currency, date_trunc('month', f.rate_date)::date as month, avg(u.units_per_eur / f.units_per_eur)::decimal(18, 9) as usd
            from (
                select rate_date, currency, units_per_eur from meridian.company.fx_rate
                union all select distinct rate_date, 'EUR', 1 from meridian.company.fx_rate
            ) as f
            join meridian.company.fx_rate as u on f.rate_date = u.rate_date and u.currency = 'USD'
            group by all
        ),
        compared as (
            select c.*, amount * t.usd as true_usd, deal_amount_txn * h.usd as told_usd
            from ({_COMPARED}) as c
            left join dollars as t on c.currency = t.currency and date_trunc('month', c.closed_on) = t.month
            left join dollars as h on c.currency_txn = h.currency and date_trunc('month', c.event_date) = h.month
        )
        select case when grouping(entity_id) = 1 then 'all' else any_value(entity_name) end,
            count(match_status), count(*) filter (match_status = 'pending'), count(*) filter (match_status = 'matched'),
            count(*) filter (truth = 'matched'),
            round(sum(told_usd) filter (match_status = 'matched') * 100 / nullif(sum(told_usd) filter (match_status <> 'pending'), 0), 6)::decimal(9, 6),
            round(sum(true_usd) filter (truth = 'matched') * 100 / nullif(sum(true_usd) filter (truth <> 'pending'), 0), 6)::decimal(9, 6),
            count(*) filter (truth is distinct from match_status)
        from compared group by grouping sets ((entity_id), ()) order by grouping(entity_id), 1
        """,
        {"tolerance_pct": tolerance_pct},
    ).fetchall()
    return [ConsistencyScore(*row) for row in rows]


def mismatches(connection: warehouse.Database, *, tolerance_pct: int = 5) -> list[DefectScore]:
    """What was made to differ between the CRM and the books, up to the as-of date: found, and false alarms, deal by deal.

    A false alarm of ``crm_amount_differs`` is any deal told as unmatched that truly agrees with what its customer pays; there are true
    differences beside those injected, where a renewal was signed for more seats than the CRM knows.
    """
    injected = """
        select d.* from meridian.truth.defect as d, hub.core.dim_as_of as today where d.kind = '{}' and d.injected_at < today.as_of_date + 1
    """
    queries = (
        (
            "crm_amount_differs",
            "R-10 crm_ledger_consistency, amount_differs",
            f"""
            with compared as ({_COMPARED}), injected as ({injected.format("crm_amount_differs")})
            select count(*) filter (injected.record_id is not null and truth <> 'pending'),
                count(*) filter (injected.record_id is not null and truth <> 'pending' and reason_code = 'amount_differs'),
                count(*) filter (match_status = 'unmatched' and truth is distinct from 'unmatched')
            from compared left join injected on compared.opportunity_id = injected.record_id
            """,
        ),
        (
            "deal_deleted",
            "taken back: no such deal is alive",
            f"""
            with deals as (
                select e.entity_id, o.name as deal_name, o.created_at::date as day, o.deleted_at < today.as_of_date + 1 as is_deleted
                from meridian.company.opportunity as o join ({ENTITIES}) as e on o.entity_id = e.true_id
                cross join hub.core.dim_as_of as today where o.created_at < today.as_of_date + 1
            ),
            truth as (
                select entity_id, deal_name, day, count(*) filter (is_deleted) as gone, count(*) filter (is_deleted is not true) as alive
                from deals group by all
            ),
            told as (select entity_id, deal_name, created_at::date as day, count(*) as n from hub.core.fct_deal group by all)
            select sum(gone)::bigint, sum(greatest(gone - greatest(coalesce(n, 0) - alive, 0), 0))::bigint,
                sum(greatest(alive - coalesce(n, 0), 0))::bigint
            from truth left join told using (entity_id, deal_name, day)
            """,
        ),
        (
            "invoice_split",
            "fct_deal_invoice: both papers are one bill of the deal",
            f"""
            with alive as ({_ALIVE}), owed as ({_OWED}), told as ({_TOLD_DOCUMENTS}), injected as ({injected.format("invoice_split")}),
            truly as (
                select a.entity_id, a.number as document_number, owed.deal_name, injected.record_id is not null as is_injected,
                    count(*) over (partition by a.customer_id, a.issue_date, owed.deal_name) > 1 as is_split
                from alive as a join owed using (document_id) left join injected on a.document_id = injected.record_id
            ),
            seen as (
                select *, count(*) over (partition by deal_key, document_date) > 1 as is_split
                from told where deal_key is not null and document_kind = 'sale'
            )
            select count(*) filter (t.is_injected and t.is_split),
                count(*) filter (t.is_injected and t.is_split and s.is_split and s.deal_name = t.deal_name),
                count(*) filter (s.is_split and t.is_split is not true)
            from truly as t full join seen as s using (entity_id, document_number)
            """,
        ),
        (
            "invoice_credited",
            "fct_deal_invoice: taken back from the deal that was billed",
            f"""
            with alive as ({_ALIVE}), owed as ({_OWED}), told as ({_TOLD_DOCUMENTS} having any_value(i.document_kind) = 'sale_credit'),
            truly as (
                select a.entity_id, a.number as document_number, owed.deal_name
                from alive as a left join owed on a.credits_document_id = owed.document_id where a.kind = 'sale_credit'
            )
            select count(t.document_number),
                count(*) filter (t.document_number is not null and s.document_number is not null and s.deal_name is not distinct from t.deal_name),
                count(*) filter (t.document_number is null)
            from truly as t full join told as s using (entity_id, document_number)
            """,
        ),
        (
            "document_voided",
            "fct_deal_invoice: no deal is billed by it",
            f"""
            -- A draft is posted nowhere, and what comes to nothing asks for nothing.
            with papers as (
                select e.entity_id, d.number as document_number, injected.record_id is not null as is_injected,
                    d.deleted_at is null and d.total <> 0 as is_posted
                from meridian.company.document as d join ({ENTITIES}) as e on d.entity_id = e.true_id
                left join ({injected.format("document_voided")}) as injected on d.document_id = injected.record_id
                where d.kind = 'sale' and d.customer_id is not null
            ),
            alive as ({_ALIVE}), told as ({_TOLD_DOCUMENTS})
            select count(*) filter (is_injected), count(*) filter (is_injected and told.document_number is null),
                count(*) filter (not is_injected and is_posted and alive.number is not null and told.document_number is null)
            from papers left join told using (entity_id, document_number)
            left join alive on papers.entity_id = alive.entity_id and papers.document_number = alive.number and alive.kind = 'sale'
            """,
        ),
    )
    scores = []
    for kind, found_by, query in queries:
        parameters = {"tolerance_pct": tolerance_pct} if "$tolerance_pct" in query else {}
        row = connection.execute(query, parameters).fetchone()
        scores.append(DefectScore(kind, found_by, *(row or (0, 0, 0))))
    return scores
