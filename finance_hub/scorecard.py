"""How right the hub is about a company whose truth is known: what a snapshot tells against the simulation's own books.

Everything here is a query over two databases: ``hub``, the published snapshot, and ``meridian``, the file of the simulated company.
Both must be attached to the connection that is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from finance_hub import warehouse

# An entity of the simulation is the one whose name the settings of its connection bear.
ENTITIES = r"""
    select e.entity_id as true_id, h.entity_id, h.entity_name
    from hub.core.dim_entity as h
    join meridian.company.entity as e on h.entity_id = trim(regexp_replace(lower(e.name), '[^a-z0-9]+', '_', 'g'), '_')
"""

# What each statement says, and what is true, by entity, month and place in the statement.
_STATEMENTS = {
    "profit and loss": (
        """
        select entity_id, period_month as month, ltrim(account_code, '0') as place, sum(amount_func) as func, sum(amount_rpt) as rpt
        from hub.marts.profit_and_loss group by all
        """,
        "select entity_id, month, account_code as place, amount_func as func, amount_usd as rpt from meridian.truth.profit_and_loss",
    ),
    # What a system or the hub computes as equity is no account of the books: the ledger's own controls hold it to the closed years.
    "balance sheet": (
        """
        select entity_id, period_month as month, ltrim(account_code, '0') as place,
            sum(case when account_class = 'asset' then amount_func else -amount_func end) as func,
            sum(case when account_class = 'asset' then amount_rpt else -amount_rpt end) as rpt
        from hub.marts.balance_sheet
        where account_id not in ('retained_earnings_system', 'current_year_earnings', 'translation_adjustment') group by all
        """,
        "select entity_id, month, account_code as place, amount_func as func, amount_usd as rpt from meridian.truth.balance_sheet",
    ),
    "cash flow": (
        """
        select entity_id, period_month as month, method || ' ' || category as place, sum(amount_func) as func, sum(amount_rpt) as rpt
        from hub.marts.cash_flow where category in ('operating', 'investing', 'financing') group by all
        """,
        """
        select entity_id, month, method || ' ' || category as place, sum(amount_func) as func, sum(amount_usd) as rpt
        from meridian.truth.cash_flow group by all
        """,
    ),
}

# How many rows a control found, by entity and month.
_BY_CONTROL = """
    select entity_id, period_month as month, max(failed_rows) as found
    from hub.core.fct_control_result where check_name = '{check}' and status <> 'pass' and entity_id is not null group by all
"""
_INJECTED = """
    select d.entity_id as true_id, d.kind, d.record_id, d.injected_at
    from meridian.truth.defect as d, hub.core.dim_as_of as t where d.injected_at < t.as_of_date + 1
"""


@dataclass(frozen=True)
class StatementScore:
    """Cells of one statement of one entity: how many were compared, and how many differ.

    ``wrong_rpt`` counts differences above one cent in the reporting currency; ``rounded`` those of one cent, where a system splits an
    amount over two accounts that the company keeps on one. Both are None where the hub reports in another currency than the truth: dollars.
    """

    entity: str
    statement: str
    compared: int
    wrong_func: int
    wrong_rpt: int | None
    rounded: int | None


@dataclass(frozen=True)
class PairScore:
    """Charges between two entities: how many there are, how many match, and how many differences are explained as what they are."""

    seller: str
    buyer: str
    charges: int
    matched: int
    explained: int


@dataclass(frozen=True)
class DefectScore:
    """Defects of one kind: how many were injected, how many were found, how often the alarm was false, and what found them."""

    kind: str
    found_by: str
    injected: int
    found: int
    false_alarms: int


@dataclass(frozen=True)
class AttributionScore:
    """One model of attribution: how near its shares of channels come to what really made the deals.

    ``accuracy`` is 1 less half the sum of absolute differences of shares, over channels, of the companies whose deals the hub sees;
    ``coverage`` the part of revenue with any touch; ``unreconciled`` what its credits miss of the deals' amount, in reporting currency.
    """

    model: str
    accuracy: float
    coverage: float
    unreconciled: Decimal


@dataclass(frozen=True)
class ContractScore:
    """Contracts of one entity: what they bring a month, and how many are kept for one and for two years.

    ``missed`` is the sum of absolute differences of monthly recurring revenue, over the true sum, in the months in which the books show
    all contracts: from a year after they begin. ``kept`` are estimates by the same method (Kaplan and Meier) from what the hub takes for
    contracts and their ends, and from the company's own: by years of tenure, told and true; none where nobody has stayed so long.
    """

    entity: str
    months: int
    missed: float
    contracts: int
    true_contracts: int
    kept: dict[int, tuple[float | None, float | None]]


@dataclass(frozen=True)
class IdentityScore:
    """Records of two systems, pair by pair: how many pairs are one in truth, how many the hub says are, and how many of these are.

    ``precision`` is of what the hub says, ``recall`` of what is true; both are None where there is nothing to divide by. ``left`` and
    ``right`` are systems; both are ``all`` in the row of all pairs of a kind.
    """

    kind: str
    left: str
    right: str
    true_pairs: int
    told_pairs: int
    right_pairs: int

    @property
    def precision(self) -> float | None:
        """Part of the pairs that the hub says are one, which are."""
        return self.right_pairs / self.told_pairs if self.told_pairs else None

    @property
    def recall(self) -> float | None:
        """Part of the pairs that are one, which the hub says are."""
        return self.right_pairs / self.true_pairs if self.true_pairs else None


def attach(snapshot: Path, company: Path) -> warehouse.Database:
    """A connection that sees both, to read only. The caller closes it."""
    connection = warehouse.in_memory()
    for path, name in ((snapshot, "hub"), (company, "meridian")):
        quoted = str(path).replace("'", "''")
        connection.execute(f"attach '{quoted}' as {name} (read_only)")
    return connection


def closed_month(connection: warehouse.Database) -> date:
    """First day of the last month whose closing entries are in."""
    row = connection.execute("select closed_month from hub.core.dim_as_of").fetchone()
    if row is None or not isinstance(row[0], date):
        raise ValueError("The snapshot does not say as of when it tells.")
    return row[0]


def statements(connection: warehouse.Database, *, until: date) -> list[StatementScore]:
    """Every statement of every entity, cell by cell, from the company's first month up to ``until``.

    What an entity has changed since the as-of day the hub cannot know: such months, and those after them, are left out.
    """
    scores = []
    for statement, (told, truth) in _STATEMENTS.items():
        rows = connection.execute(
            f"""
            with changed as (
                select entity_id as true_id, date_trunc('month', min(journal_date))::date as first_month
                from meridian.company.journal cross join hub.core.dim_as_of
                where recorded_at >= as_of_date + 1 and journal_date <= last_day($until) group by entity_id
            ),
            entities as (select entities.*, first_month from ({ENTITIES}) as entities left join changed using (true_id)),
            dollars as (select reporting_currency = 'USD' as are_told from hub.core.dim_as_of),
            truth as (
                select entities.entity_id, entities.entity_name, month, place, func, rpt
                from ({truth}) as t join entities on t.entity_id = entities.true_id
                where month <= $until and (first_month is null or month < first_month) and func <> 0
            ),
            told as (
                select told.* from ({told}) as told
                join (select entity_id, min(month) as first_month, max(month) as last_month from truth group by 1) as span using (entity_id)
                where month between span.first_month and span.last_month and func <> 0
            )
            select coalesce(entity_name, entity_id), count(*), count(*) filter (told.func is distinct from truth.func),
                case when are_told
                    then count(*) filter (abs(coalesce(told.rpt, 0) - coalesce(truth.rpt, 0)) > 0.01 or (told.rpt is null) <> (truth.rpt is null))
                end,
                case when are_told then count(*) filter (abs(told.rpt - truth.rpt) between 0.0001 and 0.01) end
            from told full join truth using (entity_id, month, place) cross join dollars group by coalesce(entity_name, entity_id), are_told order by 1
            """,
            {"until": until},
        ).fetchall()
        scores += [StatementScore(row[0], statement, *row[1:]) for row in rows]
    return scores


def intercompany(connection: warehouse.Database, *, until: date) -> list[PairScore]:
    """Charges between entities whose books the hub reads: matched, or told as what they are (another amount, another month)."""
    rows = connection.execute(
        f"""
        with entities as ({ENTITIES}),
        truth as (
            select s.entity_id as seller, b.entity_id as buyer, s.entity_name as seller_name, b.entity_name as buyer_name, month,
                case
                    when entered is distinct from billed then 'amount_differs'
                    when entered_month is distinct from month then 'timing'
                    else 'matched'
                end as what
            from meridian.truth.intercompany as t
            join entities as s on t.seller_id = s.true_id join entities as b on t.buyer_id = b.true_id
            where month <= $until
        ),
        charges as (select seller, buyer, any_value(seller_name) as seller_name, any_value(buyer_name) as buyer_name, what, count(*) as n from truth group by seller, buyer, what),
        told as (
            select seller_entity_id as seller, buyer_entity_id as buyer, match_status as what, count(*) as n
            from hub.marts.intercompany_matching
            where date_trunc('month', coalesce(seller_date, buyer_date)) <= $until group by all
        )
        select any_value(seller_name), any_value(buyer_name), sum(charges.n),
            coalesce(sum(least(charges.n, told.n)) filter (what = 'matched'), 0),
            coalesce(sum(least(charges.n, told.n)) filter (what <> 'matched'), 0)
        from charges left join told using (seller, buyer, what) group by seller, buyer order by 1, 2
        """,
        {"until": until},
    ).fetchall()
    return [PairScore(*row) for row in rows]


def defects(connection: warehouse.Database) -> list[DefectScore]:
    """Defects of the books of the entities that the hub reads, by kind, found up to the day as of which it tells."""
    documents = f"""
        select e.entity_id, date_trunc('month', doc.issue_date)::date as month, d.kind, doc.number, doc.issue_date, doc.total,
            doc.document_id, d.injected_at
        from ({_INJECTED}) as d join meridian.company.document as doc on doc.document_id = d.record_id
        join ({ENTITIES}) as e on d.true_id = e.true_id
    """
    return [
        _scored(
            connection,
            "bill_entered_twice",
            "D-01 no_bill_is_entered_twice",
            f"select entity_id, month, count(*) as expected from ({documents}) where kind = 'bill_entered_twice' group by all",
            _BY_CONTROL.format(check="no_bill_is_entered_twice"),
        ),
        _scored(
            connection,
            "posted_late",
            "C-03 entries_are_made_in_time",
            f"select entity_id, month, count(*) as expected from ({documents}) where kind = 'posted_late' group by all",
            _BY_CONTROL.format(check="entries_are_made_in_time"),
            # Whatever the company entered late is late, such as the correction of a document.
            true_alarms=f"""
            select e.entity_id, date_trunc('month', j.journal_date)::date as month, count(*) as expected
            from meridian.company.journal as j join ({ENTITIES}) as e on j.entity_id = e.true_id, hub.core.dim_as_of as t
            where j.recorded_at::date > last_day(j.journal_date) + 11 and j.recorded_at < t.as_of_date + 1
                and j.journal_date <= t.as_of_date and j.source_type <> 'opening' group by all
            """,
        ),
        *(
            _scored(
                connection,
                kind,
                f"B-06 intercompany_matching, {what}",
                f"select entity_id, month, count(*) as expected from ({documents}) where kind = '{kind}' group by all",
                f"""
                select buyer_entity_id as entity_id, date_trunc('month', coalesce(buyer_date, seller_date))::date as month, count(*) as found
                from hub.marts.intercompany_matching where {found} group by all
                """,
            )
            for kind, what, found in (
                ("charge_amount_differs", "amount_differs", "match_status = 'amount_differs'"),
                (
                    "charge_entered_late",
                    "another month",
                    "match_status in ('timing', 'amount_differs') and date_trunc('month', seller_date) <> date_trunc('month', buyer_date)",
                ),
            )
        ),
        *(
            _scored(
                connection,
                kind,
                "taken back: no such document is alive",
                f"select entity_id, month, count(*) as expected from ({documents}) where kind = '{kind}' group by all",
                f"""
                with injected as (
                    select entity_id, month, issue_date, total, count(*) as n from ({documents}) where kind = '{kind}' group by all
                ),
                truly as (
                    select e.entity_id, doc.issue_date, doc.total, count(*) as n from meridian.company.document as doc
                    join ({ENTITIES}) as e on doc.entity_id = e.true_id, hub.core.dim_as_of as t
                    where coalesce(doc.voided_at, doc.deleted_at, timestamp '9999-12-31') >= t.as_of_date + 1 group by all
                ),
                alive as (
                    select entity_id, document_date as issue_date, total_txn as total, count(*) as n from hub.core.fct_document
                    where status in ('open', 'paid') group by all
                )
                select entity_id, month, sum(greatest(injected.n - greatest(coalesce(alive.n, 0) - coalesce(truly.n, 0), 0), 0)) as found
                from injected left join truly using (entity_id, issue_date, total) left join alive using (entity_id, issue_date, total)
                group by all
                """,
            )
            for kind in ("document_voided", "draft_deleted")
        ),
    ]


def attribution(connection: warehouse.Database) -> list[AttributionScore]:
    """Every model against the causal credit of each touch, the most accurate first."""
    rows = connection.execute(f"""
        with entities as ({ENTITIES}),
        deals as (select entity_id, sum(amount_rpt) as amount from hub.core.fct_conversion group by entity_id),
        dollars as (
            select currency, date_trunc('month', rate_date) as month, avg(per_dollar / units_per_eur) as usd
            from meridian.company.fx_rate
            join (
                select rate_date, units_per_eur as per_dollar from meridian.company.fx_rate where currency = 'USD'
            ) using (rate_date)
            group by all
        ),
        true_credit as (
            select credits.channel, sum(credits.amount * coalesce(usd, per_euro)) as amount
            from meridian.truth.touch_credit as credits
            join meridian.company.opportunity as won using (opportunity_id)
            join entities on won.entity_id = entities.true_id
            join deals on entities.entity_id = deals.entity_id
            cross join hub.core.dim_as_of as today
            left join dollars on won.currency = dollars.currency and date_trunc('month', won.closed_at) = dollars.month
            left join (
                select date_trunc('month', rate_date) as month, avg(units_per_eur) as per_euro
                from meridian.company.fx_rate where currency = 'USD' group by 1
            ) as euros on date_trunc('month', won.closed_at) = euros.month
            where won.kind = 'new' and won.outcome = 'won' and won.deleted_at is null and won.closed_at < today.as_of_date + 1
            group by credits.channel
        ),
        told as (
            select attribution_model as model, channel_id as channel, sum(credit_amount_rpt) as amount
            from hub.core.fct_attribution where channel_id <> 'unattributed' group by all
        ),
        shares as (
            select model, channel, amount / sum(amount) over (partition by model) as share from told
        ),
        true_shares as (select channel, amount / sum(amount) over () as share from true_credit),
        compared as (
            select models.model, channel, coalesce(shares.share, 0) as told, coalesce(true_shares.share, 0) as truth
            from (select distinct model from told) as models
            cross join (select channel from told union select channel from true_shares) as channels
            left join shares using (model, channel)
            left join true_shares using (channel)
        ),
        totals as (
            select attribution_model as model, sum(credit_amount_rpt) as credit,
                sum(credit_amount_rpt) filter (channel_id <> 'unattributed') as covered
            from hub.core.fct_attribution group by all
        )
        select model, 1 - sum(abs(told - truth)) / 2, any_value(covered) / any_value(credit),
            (select sum(amount) from deals) - any_value(credit)
        from compared join totals using (model) group by model order by 2 desc, 1
    """).fetchall()
    return [AttributionScore(model, float(accuracy), float(coverage), missed) for model, accuracy, coverage, missed in rows]


def contracts(connection: warehouse.Database, *, until: date) -> list[ContractScore]:
    """Recurring revenue of contracts, and how long they last, of the entities that the hub reads.

    Both count the contracts that began after the books did: of others the hub cannot know how long they have lasted.
    """
    began = f"""
        select entities.*, date_trunc('month', min(purchase_date))::date as books_since
        from ({ENTITIES}) as entities join hub.core.fct_customer_purchase using (entity_id) group by all
    """
    revenue = connection.execute(
        f"""
        with entities as ({began}),
        monthly as (
            select currency, date_trunc('month', rate_date)::date as month, avg(units_per_eur) as per_euro from meridian.company.fx_rate group by all
            union all
            select 'EUR', date_trunc('month', rate_date)::date, 1 from meridian.company.fx_rate group by all
        ),
        truth as (
            select entities.entity_id, due.month, sum(due.mrr::double * ours.per_euro / theirs.per_euro) as amount
            from meridian.truth.recurring_revenue as due join entities on due.entity_id = entities.true_id
            join meridian.company.entity as own on due.entity_id = own.entity_id
            join monthly as ours on own.currency = ours.currency and due.month = ours.month
            join monthly as theirs on due.currency = theirs.currency and due.month = theirs.month
            where due.month between books_since + interval 12 month and $until group by all
        ),
        told as (
            select entity_id, period_month as month, sum(recurring_func)::double as amount from hub.core.fct_customer_month group by all
        )
        select entity_id, count(*), sum(abs(coalesce(told.amount, 0) - truth.amount)) / sum(truth.amount)
        from truth left join told using (entity_id, month) group by all
        """,
        {"until": until},
    ).fetchall()
    told = connection.execute(f"""
        select entity_id, entity_name, list(tenure_months order by customer_id), list(has_ended order by customer_id)
        from hub.core.fct_customer_tenure join ({began}) as entities using (entity_id)
        where relationship = 'contract' and is_start_known group by all order by entity_name
    """).fetchall()
    true = connection.execute(f"""
        select entities.entity_id, list(date_sub('month', first_contract_date, least(coalesce(churned_date, as_of_date), as_of_date)) order by customer_id),
            list(coalesce(churned_date <= as_of_date, false) order by customer_id)
        from meridian.company.customer as customer join ({began}) as entities on customer.entity_id = entities.true_id, hub.core.dim_as_of
        where first_contract_date >= books_since and first_contract_date <= as_of_date group by all
    """).fetchall()
    missed = {entity: (months, float(part)) for entity, months, part in revenue}
    truth = {entity: (tenures, ended) for entity, tenures, ended in true}
    scores = []
    for entity, name, tenures, ended in told:
        kept = {years: (_kept(tenures, ended, years), _kept(*truth.get(entity, ([], [])), years)) for years in (1, 2)}
        scores.append(ContractScore(name, *missed.get(entity, (0, 0.0)), len(tenures), len(truth.get(entity, ([], []))[0]), kept))
    return scores


def _kept(tenures: list[int], ended: list[bool], years: int) -> float | None:
    """The part of contracts that is kept for so many years; none where no contract was followed so long."""
    from finance_hub.lifetime.survival import kaplan_meier

    if not tenures or max(tenures) < 12 * years:
        return None
    return float(kaplan_meier(tenures, ended).survival[12 * years])


def identity(connection: warehouse.Database, identifiers: Mapping[str, Mapping[str, Mapping[str, str]]]) -> list[IdentityScore]:
    """Who is who against the truth, by kind and pair of systems, and over all pairs of a kind.

    ``identifiers`` are the tools' own record ids: system -> kind of record -> key in the company -> id. A customer of the books is known
    by the numbers of its documents. A firm of a marketing tool, which has no record of its own there, is the one that all its people
    work for; where they work for several, it is none, and not scored.
    """
    import pyarrow as pa

    rows = [
        (system, kind, key, identity)
        for system, kinds in identifiers.items()
        for kind, ids in kinds.items()
        for key, identity in ids.items()
    ]
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    told = pa.table(
        {
            name: pa.array(list(column), pa.string())
            for name, column in zip(("system", "kind", "key", "native_id"), columns, strict=True)
        }
    )
    connection.register("tool_ids", told)
    scores = connection.execute(f"""
        with entities as ({ENTITIES}),
        crosswalk as (select * from hub.core.customer_crosswalk where is_current),
        truth as (
            select 'person' as kind, t.system as source_system, t.native_id, min(i.person_id) as true_id
            from tool_ids as t join meridian.truth."identity" as i on t.key = i.person_id and i.object = 'contact'
            where t.kind in ('lead', 'contact', 'person') group by all
            union all
            select 'firm', t.system, t.native_id, min(i.organization_id)
            from tool_ids as t join meridian.truth."identity" as i on t.key = i.system_id and i.object = 'company'
            where t.kind in ('company', 'organization') group by all
            union all
            select 'firm', d.source_system, d.party_id, min(i.organization_id)
            from hub.core.fct_document as d join entities as e using (entity_id)
            join meridian.company.document as t on t.entity_id = e.true_id and t.number = d.document_number and t.kind = 'sale'
            join meridian.truth."identity" as i on i.customer_id = t.customer_id and i.object = 'customer'
            where d.document_kind = 'sale' group by d.source_system, d.party_id having count(distinct i.organization_id) = 1
            union all
            select 'firm', f.source_system, f.native_id, min(i.organization_id)
            from hub.core.identity_record as p join hub.core.identity_record as f on p.employer_key = f.record_key
            join tool_ids as t on t.system = p.source_system and t.native_id = p.native_id and t.kind in ('lead', 'contact', 'person')
            join meridian.truth."identity" as i on t.key = i.person_id and i.object = 'contact'
            where f.system_role = 'marketing' group by f.source_system, f.native_id having count(distinct i.organization_id) = 1
        ),
        known as (
            select c.kind, c.source_system, c.entity_id, c.record_key, c.customer_id, truth.true_id
            from crosswalk as c join truth using (kind, source_system, native_id)
        ),
        pairs as (
            select l.kind, least(l.source_system, r.source_system) as one, greatest(l.source_system, r.source_system) as other,
                l.customer_id = r.customer_id as is_told, l.true_id = r.true_id as is_true
            from known as l join known as r on l.kind = r.kind and l.entity_id = r.entity_id and l.true_id = r.true_id and l.record_key < r.record_key
            union all
            select l.kind, least(l.source_system, r.source_system), greatest(l.source_system, r.source_system), true, false
            from known as l join known as r on l.customer_id = r.customer_id and l.record_key < r.record_key and l.true_id <> r.true_id
        )
        select kind, coalesce(one, 'all'), coalesce(other, 'all'), count(*) filter (is_true), count(*) filter (is_told), count(*) filter (is_true and is_told)
        from pairs group by grouping sets ((kind, one, other), (kind)) order by kind, one nulls first, other
    """).fetchall()
    connection.unregister("tool_ids")
    return [IdentityScore(*row) for row in scores]


def _scored(
    connection: warehouse.Database, kind: str, found_by: str, injected: str, found: str, *, true_alarms: str = ""
) -> DefectScore:
    """Compare counts by entity and month. ``true_alarms`` is what may be alarmed about, where that is more than what was injected."""
    row = connection.execute(
        f"""
        with injected as ({injected}), found as ({found}), due as ({true_alarms or "from injected"})
        select
            (select coalesce(sum(expected), 0)::bigint from injected),
            (select coalesce(sum(least(expected, found)), 0)::bigint from injected join found using (entity_id, month)),
            (select coalesce(sum(greatest(found - coalesce(expected, 0), 0)), 0)::bigint from found left join due using (entity_id, month))
        """
    ).fetchone()
    return DefectScore(kind, found_by, *(row or (0, 0, 0)))
