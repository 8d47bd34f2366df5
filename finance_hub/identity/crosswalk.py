"""From pairs to lasting ids: which record is which customer or person, since when, how sure and by what evidence.

A cluster that is new takes its id from its anchor, the record that was made first; one that has an id keeps it. Of several ids in one
cluster the one that was known first survives, and the rows of the others are closed and name it. A cluster that falls apart leaves its
id with its anchor's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finance_hub import warehouse
from finance_hub.identity.decisions import components

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

FORMER = """
    select ''::varchar as record_key, ''::varchar as kind, ''::varchar as entity_id, ''::varchar as source_system, ''::varchar as system_role,
        ''::varchar as connection_id, ''::varchar as native_id, ''::varchar as customer_id, 0::bigint as period, null::date as valid_from,
        null::date as valid_to, true as is_current, ''::varchar as closed_because, ''::varchar as superseded_by, ''::varchar as method,
        null::decimal(9, 6) as confidence, ''::varchar as linked_to, ''::varchar as evidence, ''::varchar as anchor_key,
        ''::varchar as record_hash, 0::bigint as model_version
    where false
"""
"""A crosswalk without rows: its columns."""

_ASSIGNED = """
    create table members as
    select r.*, c.cluster from records as r join clusters as c using (record_key);
    create table living as select * from former where is_current;
    create table ids as
    select customer_id, min(valid_from) as known_since, arg_min(anchor_key, period) as anchor_key from former group by customer_id;
    -- Where each id lives on: with its anchor, else with the first of its records that is left.
    create table claims as
    select living.customer_id, members.cluster, ids.known_since, ids.anchor_key
    from living join members using (record_key) join ids on living.customer_id = ids.customer_id
    qualify row_number() over (
        partition by living.customer_id
        order by members.record_key = ids.anchor_key desc, members.created_at nulls last, members.record_key
    ) = 1;
    create table survivors as
    select claims.cluster, claims.customer_id, claims.anchor_key
    from claims left join records on claims.anchor_key = records.record_key
    qualify row_number() over (
        partition by claims.cluster order by claims.known_since, records.created_at nulls last, claims.anchor_key, claims.customer_id
    ) = 1;
    create table anchors as
    select cluster, record_key as anchor_key, case kind when 'firm' then 'cus_' else 'per_' end as prefix
    from members qualify row_number() over (partition by cluster order by created_at nulls last, record_key) = 1;
    create table given as
    select
        a.cluster, coalesce(s.anchor_key, a.anchor_key) as anchor_key,
        coalesce(
            s.customer_id,
            -- An id that lives elsewhere is not given twice, though its anchor, gone for a while, has come back.
            case when held.customer_id is null then a.prefix || left(md5(a.anchor_key), 20) else a.prefix || left(md5(a.anchor_key || '#'), 20) end
        ) as customer_id
    from anchors as a left join survivors as s using (cluster)
    left join claims as held on a.prefix || left(md5(a.anchor_key), 20) = held.customer_id and held.cluster <> a.cluster;
"""

# How a record hangs on its cluster: by its best link within it.
_LINKED = """
    create table links as
    select record_key, other_key, method, match_probability, evidence from (
        select left_key as record_key, right_key as other_key, method, match_probability, match_weight, evidence from matches
        union all select right_key, left_key, method, match_probability, match_weight, evidence from matches
    )
    qualify row_number() over (
        partition by record_key
        order by case method when 'override' then 0 when 'reference' then 1 else 2 end, match_weight desc nulls last, other_key
    ) = 1;
    create table told as
    select
        m.record_key, m.kind, m.entity_id, m.source_system, m.system_role, m.connection_id, m.native_id, g.customer_id,
        coalesce(l.method, 'single') as method,
        case
            when l.method is null or l.method = 'override' then 1 when l.method = 'reference' then greatest(l.match_probability, 0.999)
            else l.match_probability
        end::decimal(9, 6) as confidence,
        l.other_key as linked_to, l.evidence, g.anchor_key, m.record_hash, v.version as model_version
    from members as m join given as g using (cluster) left join links as l using (record_key) left join versions as v using (kind);
"""

_HISTORY = """
    create table result as
    -- What is over stays as it was.
    select * from former where not is_current
    union all
    select
        f.* replace (
            $today::date as valid_to, false as is_current,
            case
                when t.record_key is null then 'record_gone'
                when exists (select 1 from given as g where g.customer_id = f.customer_id) then 'moved'
                else 'merged'
            end as closed_because,
            t.customer_id as superseded_by
        )
    from living as f left join told as t using (record_key)
    where t.record_key is null or t.customer_id <> f.customer_id
    union all
    select
        t.record_key, t.kind, t.entity_id, t.source_system, t.system_role, t.connection_id, t.native_id, t.customer_id,
        case when f.customer_id = t.customer_id then f.period else coalesce(p.period, 0) + 1 end as period,
        case when f.customer_id = t.customer_id then f.valid_from else $today::date end as valid_from,
        null as valid_to, true as is_current, null as closed_because, null as superseded_by,
        t.method, t.confidence, t.linked_to, t.evidence, t.anchor_key, t.record_hash, t.model_version
    from told as t left join living as f using (record_key)
    left join (select record_key, max(period) as period from former group by record_key) as p using (record_key);
"""


def resolve(records: pa.Table, pairs: pa.Table, former: pa.Table, versions: pa.Table, *, today: date) -> pa.Table:
    """The crosswalk as of ``today``: rows of :data:`FORMER`, one per record and period, in the order of records and periods.

    ``records`` are those of ``core.identity_record``, ``pairs`` those of :func:`finance_hub.identity.decisions.decide`, ``former`` the
    crosswalk of the last run (possibly without rows), ``versions`` (``kind``, ``version``) the models that scored.
    """
    import pyarrow as pa

    with warehouse.in_memory() as connection:
        for name, table in (("records", records), ("pairs", pairs), ("former", former), ("versions", versions)):
            connection.register(name, table)
        # A rule may name records that are gone meanwhile.
        connection.execute("""
            create table matches as
            select p.* from pairs as p join records as l on left_key = l.record_key join records as r on right_key = r.record_key
            where decision = 'match'
        """)
        keys = connection.execute("select record_key from records order by record_key").to_arrow_table().column(0)
        links = connection.execute("select left_key, right_key from matches").to_arrow_table()
        connection.register(
            "clusters", pa.table({"record_key": keys, "cluster": components(keys, links.column(0), links.column(1))})
        )
        connection.execute(_ASSIGNED)
        connection.execute(_LINKED)
        connection.execute(_HISTORY, {"today": today})
        return connection.execute("select * from result order by record_key, period").to_arrow_table()
