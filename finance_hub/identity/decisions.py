"""Which pairs are one: what people ruled first, then what a tool states, then the model; and a pair with an equal rival is nobody's guess.

A decision is ``match``; ``different``; ``review``, where the score leaves it open; ``ambiguous``, where a record has two candidates that
are not one and neither is clearly better; ``outbid``, where another candidate is. Reviews and ambiguities wait for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finance_hub import warehouse
from finance_hub.identity.models import MATCH_PROBABILITY, REVIEW_PROBABILITY, RIVAL_MARGIN, SOLE_PROBABILITY, STATED_WEIGHT

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# An override holds for the records that it names, in their entity or in any; a rule about a record with itself says nothing.
_STATED = f"""
    create table ruled as
    select
        any_value(l.kind) as kind, any_value(l.entity_id) as entity_id, least(l.record_key, r.record_key) as left_key,
        greatest(l.record_key, r.record_key) as right_key, arg_max(o.decision, o.decided_on) as ruling,
        arg_max(concat_ws(': ', o.decided_by, o.reason), o.decided_on) as reason
    from overrides as o
    join records as l on o.kind = l.kind and o.left_connection_id = l.connection_id and o.left_record_id = l.native_id
    join records as r on o.kind = r.kind and o.right_connection_id = r.connection_id and o.right_record_id = r.native_id
    where l.record_key <> r.record_key and (o.decision = 'different' or l.entity_id = r.entity_id)
    group by 3, 4;
    create table referred as
    select l.kind, l.entity_id, least(l.record_key, r.record_key) as left_key, greatest(l.record_key, r.record_key) as right_key
    from records as l join records as r on l.refers_to = r.record_key and l.entity_id = r.entity_id and l.record_key <> r.record_key;
    create table candidates as
    select
        coalesce(s.kind, f.kind, o.kind) as kind, coalesce(s.entity_id, f.entity_id, o.entity_id) as entity_id, left_key, right_key,
        case when o.ruling is not null then 'override' when f.left_key is not null then 'reference' else 'model' end as method,
        s.match_weight, s.match_probability,
        concat_ws(', ', o.reason, case when f.left_key is not null then 'stated by the tool' end, s.evidence) as evidence,
        s.evidence as scored_evidence, s.model_version, s.scored_on, o.ruling,
        case
            when o.ruling = 'same' then 1000 when o.ruling = 'different' then -1000
            else coalesce(s.match_weight::double, 0) + case when f.left_key is not null then {STATED_WEIGHT} else 0 end
        end as weight,
        case
            when o.ruling is not null then o.ruling = 'same'
            when f.left_key is not null then coalesce(s.match_weight::double, 0) + {STATED_WEIGHT} > log2({MATCH_PROBABILITY} / (1 - {MATCH_PROBABILITY}))
            when s.match_probability >= {MATCH_PROBABILITY} then true
            else s.match_probability >= {SOLE_PROBABILITY} and regexp_matches(s.evidence, '^name: name same') and not regexp_matches(
                replace(s.evidence, 'same_system: differs', ''), 'differs|another|same_system: yes')
        end as is_wanted
    from scored as s
    full join referred as f using (left_key, right_key)
    full join ruled as o using (left_key, right_key);
"""
# Two candidates of a record are rivals where the two are known not to be one.
_DECIDED = f"""
    create table sides as
    select left_key as record_key, right_key as other_key, weight, ruling, is_wanted, left_key, right_key from candidates
    union all select right_key, left_key, weight, ruling, is_wanted, left_key, right_key from candidates;
    create table rivals as
    select mine.left_key, mine.right_key, max(theirs.weight) as rival_weight
    from candidates as apart
    join sides as mine on apart.left_key = mine.other_key
    join sides as theirs on apart.right_key = theirs.other_key and mine.record_key = theirs.record_key
    where apart.weight < 0 and not apart.is_wanted and mine.weight > -2 and theirs.weight > -2
    group by all
    union all
    select mine.left_key, mine.right_key, max(theirs.weight) as rival_weight
    from candidates as apart
    join sides as mine on apart.right_key = mine.other_key
    join sides as theirs on apart.left_key = theirs.other_key and mine.record_key = theirs.record_key
    where apart.weight < 0 and not apart.is_wanted and mine.weight > -2 and theirs.weight > -2
    group by all;
    create table decided as
    select
        c.*,
        case
            when ruling is not null then case ruling when 'same' then 'match' else 'different' end
            when is_wanted and (r.rival_weight is null or c.weight >= r.rival_weight + {RIVAL_MARGIN}) then 'match'
            when (is_wanted or match_probability >= {REVIEW_PROBABILITY}) and c.weight + {RIVAL_MARGIN} <= r.rival_weight then 'outbid'
            when is_wanted then 'ambiguous'
            -- What a tool states and the fields contradict is for somebody to settle.
            when match_probability >= {REVIEW_PROBABILITY} or method = 'reference' then 'review'
            else 'different'
        end as decision
    from candidates as c
    left join (select left_key, right_key, max(rival_weight) as rival_weight from rivals group by all) as r using (left_key, right_key);
"""


def decide(records: pa.Table, scored: pa.Table, overrides: pa.Table) -> pa.Table:
    """Every pair with its decision, one row each, in the order of kind and keys.

    ``scored`` has the columns of :func:`finance_hub.identity.linking.score` and ``kind``, ``model_version``, ``scored_on``;
    ``overrides`` those of the seed ``identity_overrides``. What a tool states, and overrides, need no score.
    """
    with warehouse.in_memory() as connection:
        for name, table in (("records", records), ("scored", scored), ("overrides", overrides)):
            connection.register(name, table)
        connection.execute(_STATED)
        connection.execute(_DECIDED)
        connection.execute("create table cut (left_key varchar, right_key varchar)")
        _cut_chains(connection)
        return connection.execute("""
            select kind, entity_id, left_key, right_key, method, match_weight, match_probability, scored_evidence, evidence,
                case when cut.left_key is not null then 'ambiguous' else decision end as decision, model_version, scored_on
            from decided left join cut using (left_key, right_key) order by kind, left_key, right_key
        """).to_arrow_table()


def components(keys: pa.ChunkedArray, left: pa.ChunkedArray, right: pa.ChunkedArray) -> np.ndarray:
    """The number of the cluster of each key, where ``left`` and ``right`` are the ends of links; every key is in one, if only its own."""
    import numpy as np
    import pyarrow.compute as pc
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = [pc.index_in(side, value_set=keys).to_numpy(zero_copy_only=False) for side in (left, right)]
    links = coo_array((np.ones(len(left), dtype=np.int8), (ends[0], ends[1])), shape=(len(keys), len(keys)))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _cut_chains(connection: warehouse.Database) -> None:
    """Find links to leave out, where a chain of matches leads to a record that is known to be another: the weakest, until none does.

    Few clusters are so; they are walked link by link, the best first, as Kruskal's algorithm does.
    """
    keys = connection.execute("select record_key from records order by record_key").to_arrow_table().column(0)
    links = connection.execute("select left_key, right_key from decided where decision = 'match'").to_arrow_table()
    import pyarrow as pa

    clusters = pa.table({"record_key": keys, "cluster": components(keys, links.column(0), links.column(1))})
    connection.register("clusters", clusters)
    apart = connection.execute("""
        select l.cluster, left_key, right_key from decided
        join clusters as l on left_key = l.record_key join clusters as r on right_key = r.record_key and l.cluster = r.cluster
        where decision = 'different' and (ruling = 'different' or match_probability < 0.01)
    """).fetchall()
    if not apart:
        return
    connection.register("torn", pa.table({"cluster": sorted({row[0] for row in apart})}))
    ordered = connection.execute("""
        select left_key, right_key from decided join clusters on left_key = record_key
        where decision = 'match' and cluster in (select cluster from torn) order by weight desc, left_key, right_key
    """).fetchall()
    enemies: dict[str, set[str]] = {}
    for _, left, right in apart:
        enemies.setdefault(left, set()).add(right)
        enemies.setdefault(right, set()).add(left)
    group: dict[str, set[str]] = {}
    cut = []
    for left, right in ordered:
        one, other = group.setdefault(left, {left}), group.setdefault(right, {right})
        if one is other:
            continue
        if any(enemies.get(key, set()) & other for key in one):
            cut.append((left, right))
            continue
        one |= other
        for key in other:
            group[key] = one
    if cut:
        connection.executemany("insert into cut values (?, ?)", cut)
