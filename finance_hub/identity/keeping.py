"""What is kept from run to run: models, scored pairs and the crosswalk, each in the table that the next run reads before it replaces it.

Only records that are new or have changed are compared again; when there are none, nothing is scored and Splink is not even loaded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from finance_hub.identity.models import KINDS, TRAIN_FROM_RECORDS

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    import pyarrow as pa

MODELS = """
    select ''::varchar as kind, 0::bigint as version, ''::varchar as settings_hash, ''::varchar as origin, null::date as trained_on,
        0::bigint as record_count, ''::varchar as parameters, true as is_current
    where false
"""
"""Models that were used, without rows: their columns."""
PAIRS = """
    select ''::varchar as kind, ''::varchar as entity_id, ''::varchar as left_key, ''::varchar as right_key, ''::varchar as method,
        null::decimal(9, 4) as match_weight, null::decimal(9, 6) as match_probability, ''::varchar as scored_evidence,
        ''::varchar as evidence, ''::varchar as decision, 0::bigint as model_version, null::date as scored_on
    where false
"""
"""Pairs without rows: their columns."""
RETRAIN_GROWTH = 4
"""A model learns anew when there are this many times the records that it has learned from: it then scores all pairs again."""


def former(session: duckdb.DuckDBPyConnection, schema: str, table: str, empty: str) -> pa.Table:
    """A table as the last run left it, in the columns of the query ``empty``; without rows where it is not there or lacks one of them."""
    nothing = session.sql(empty)
    found = session.execute(
        "select column_name from information_schema.columns where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema, table],
    ).fetchall()
    if not {name for (name,) in found} >= set(nothing.columns):
        return nothing.to_arrow_table()
    columns = ", ".join(f'"{name}"' for name in nothing.columns)
    return session.execute(f'select {columns} from "{schema}"."{table}"').to_arrow_table()


def models(records: pa.Table, known: pa.Table, *, today: date) -> pa.Table:
    """Rows of :data:`MODELS`: what was used before, and for each kind the model to use now, learned or shipped where none fits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows: list[dict[str, Any]] = known.to_pylist()
    for kind in KINDS.values():
        count = pc.sum(pc.equal(records.column("kind"), kind.name)).as_py() or 0
        mine = [row for row in rows if row["kind"] == kind.name]
        using = next((row for row in mine if row["is_current"]), None)
        if using is not None and _still_fits(using, kind.settings_hash(), count):
            continue
        from finance_hub.identity.linking import train

        parameters = train(records, kind)
        for row in mine:
            row["is_current"] = False
        rows.append(
            {
                "kind": kind.name,
                "version": max((row["version"] for row in mine), default=0) + 1,
                "settings_hash": kind.settings_hash(),
                "origin": "trained" if count >= TRAIN_FROM_RECORDS else "shipped",
                "trained_on": today,
                "record_count": count,
                "parameters": json.dumps(parameters, sort_keys=True),
                "is_current": True,
            }
        )
    rows.sort(key=lambda row: (row["kind"], row["version"]))
    return pa.Table.from_pylist(rows, schema=known.schema)


def _still_fits(using: dict[str, Any], settings_hash: str, count: int) -> bool:
    if using["settings_hash"] != settings_hash:
        return False
    if using["origin"] == "shipped":
        return count < TRAIN_FROM_RECORDS
    return bool(count < RETRAIN_GROWTH * using["record_count"])


def scored(records: pa.Table, using: pa.Table, pairs: pa.Table, crosswalk: pa.Table, *, today: date) -> tuple[pa.Table, int]:
    """Scores of all pairs, those of unchanged records as they were; and how many were scored now.

    A record is compared when the crosswalk does not have it as it is now, or has it by another model: whatever broke off on the way is
    done again. ``pairs`` and ``crosswalk`` are those of the last run.
    """
    from finance_hub import warehouse

    with warehouse.in_memory() as connection:
        for name, table in (("records", records), ("models", using), ("pairs", pairs), ("crosswalk", crosswalk)):
            connection.register(name, table)
        connection.execute("""
            create table changed as
            select r.kind, r.record_key from records as r
            join models as m on r.kind = m.kind and m.is_current
            left join crosswalk as c on r.record_key = c.record_key and c.is_current and r.record_hash = c.record_hash and m.version = c.model_version
            where c.record_key is null
        """)
        kept = """
            select kind, left_key, right_key, entity_id, match_weight, match_probability, scored_evidence as evidence, model_version, scored_on
            from pairs join models using (kind)
            where match_weight is not null and model_version = version and is_current
                and left_key in (select record_key from records) and right_key in (select record_key from records)
                and left_key not in (select record_key from changed) and right_key not in (select record_key from changed)
        """
        connection.execute(f"create table scores as {kept}")
        count = 0
        for kind in KINDS.values():
            changed = connection.execute("select record_key from changed where kind = ?", [kind.name]).to_arrow_table()
            model = connection.execute(
                "select parameters, version from models where kind = ? and is_current", [kind.name]
            ).fetchone()
            if model is None or changed.num_rows == 0:
                continue
            from finance_hub.identity.linking import score

            found = score(records, kind, json.loads(model[0]), changed)
            count += found.num_rows
            connection.register("found", found)
            connection.execute(
                """
                insert into scores by name
                select ? as kind, left_key, right_key, entity_id, match_weight, match_probability, evidence, ?::bigint as model_version,
                    ?::date as scored_on
                from found
                """,
                [kind.name, model[1], today],
            )
            connection.unregister("found")
        return connection.execute("select * from scores order by kind, left_key, right_key").to_arrow_table(), count
