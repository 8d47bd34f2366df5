"""Splink at work: weights learned from the firm's records, and pairs scored with them. All of it happens in memory, without a network.

Records come and go as Arrow tables of the columns of ``core.identity_record``; the kind's model says which are compared.
"""

from __future__ import annotations

import json
import logging
from math import log2
from typing import TYPE_CHECKING, Any

from finance_hub import warehouse
from finance_hub.identity.models import LEAST_SHARE, PRIOR, TRAIN_FROM_RECORDS, WIDEST_BLOCK, Comparison, Kind

if TYPE_CHECKING:
    import pyarrow as pa
    from splink import Linker

_BLOCKED = ("name_key", "domain", "phone_key")


def _prepared(records: pa.Table, kind: Kind, changed: pa.Table | None, connection: warehouse.Database) -> None:
    """Make the table ``prepared``: the records of a kind, with the keys under which pairs are looked for."""
    connection.register("given", records)
    blocks = ", ".join(
        f"case when count(*) over (partition by entity_id, {key}) <= {WIDEST_BLOCK} then {key} end as block_{key.removesuffix('_key')}"
        for key in _BLOCKED
    )
    if changed is None:
        marked = "true"
    else:
        connection.register("changed", changed)
        marked = "record_key in (select record_key from changed)"
    connection.execute(f"""
        create table prepared as
        select record_key, entity_id, connection_id, name_key, given_key, family_key, email, domain, phone_key, tax_key, street_key, postal_key,
            system_role, is_buyer, {blocks}, {marked} as is_changed
        from given where kind = '{kind.name}' order by record_key
    """)


def _linker(connection: warehouse.Database, table: str, settings: dict[str, Any]) -> Linker:
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    settings = {name: value for name, value in settings.items() if name != "records_of_entity"}
    database = DuckDBAPI(connection)
    return Linker(database.register(table), settings, log_level=None, validate_settings=False)


def train(records: pa.Table, kind: Kind) -> dict[str, Any]:
    """Learn a kind's weights from its records by expectation maximisation; settings of a Splink model, the shipped ones if they are few.

    What can be learned depends on the records alone: ``u`` comes from every pair of one system's records, taken in the order of
    their keys, ``m`` from all pairs that share a key of ``training_blocks``. Weights are kept to six digits.
    """
    settings = kind.settings()
    with warehouse.in_memory() as connection:
        _prepared(records, kind, None, connection)
        (count,) = connection.execute("select count(*) from prepared").fetchone() or (0,)
        settings["records_of_entity"] = dict(
            connection.execute("select entity_id, count(*) from prepared group by 1 order by 1").fetchall()
        )
        if count < TRAIN_FROM_RECORDS:
            return _plain(settings)
        settings = _with_u(connection, settings)
        linker = _linker(connection, "prepared", settings)
        for keys in kind.training_blocks:
            if not _are_shared(connection, keys):
                continue
            rule = " and ".join(f"l.{key} = r.{key}" for key in ("entity_id", *keys))
            # Named by their columns too, so that Splink sees which comparison it cannot learn from these pairs.
            rule += "".join(f" and l.{name} = r.{name}" for name in _BLOCKED if f"block_{name.removesuffix('_key')}" in keys)
            linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)
        return _kept(settings, linker.misc.save_model_to_json())


def _are_shared(connection: warehouse.Database, keys: tuple[str, ...]) -> bool:
    """Whether two records of one company have these keys in common: without any such pair Splink has nothing to learn from, and fails."""
    named = ", ".join(keys)
    known = " and ".join(f"{key} is not null" for key in keys)
    pair = connection.execute(f"select 1 from prepared where {known} group by entity_id, {named} having count(*) > 1 limit 1")
    return pair.fetchone() is not None


def _with_u(connection: warehouse.Database, settings: dict[str, Any]) -> dict[str, Any]:
    connection.execute("""
        create table sampled as
        select * from prepared
        where (entity_id, connection_id) = (
            select (entity_id, connection_id) from prepared group by entity_id, connection_id order by count(*) desc, entity_id, connection_id limit 1
        )
        order by md5(record_key) limit 700
    """)
    linker = _linker(connection, "sampled", settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, min_count_per_level=None, num_chunks=1)
    learned = _kept(settings, linker.misc.save_model_to_json(), keep=("u_probability",))
    (share,) = connection.execute("""
        select sum(n * n) / sum(whole) from (
            select entity_id, count(*)::double as n, (sum(count(*)) over (partition by entity_id))::double * count(*) as whole
            from prepared group by entity_id, connection_id
        )
    """).fetchone() or (None,)
    for comparison in learned["comparisons"]:
        if comparison["output_column_name"] == "same_system" and share is not None:
            share = min(max(share, LEAST_SHARE), 1 - LEAST_SHARE)
            same, other = comparison["comparison_levels"]
            same["u_probability"], other["u_probability"] = round(share, 6), round(1 - share, 6)
    return learned


def _kept(
    shipped: dict[str, Any], learned: dict[str, Any], keep: tuple[str, ...] = ("m_probability", "u_probability")
) -> dict[str, Any]:
    """The shipped settings with what was learned in their place, where something was: a level that nothing was at keeps its weight."""
    settings: dict[str, Any] = json.loads(json.dumps(shipped))
    for comparison, told in zip(settings["comparisons"], learned["comparisons"], strict=True):
        levels = [
            (level, found)
            for level, found in zip(comparison["comparison_levels"], told["comparison_levels"], strict=True)
            if "m_probability" in level
        ]
        for name in keep:
            values = [found.get(name) if (found.get(name) or 0) > 1e-6 else level[name] for level, found in levels]
            # No true pair agreed: the field was not there to agree, such as tax numbers, which the books alone know.
            if name == "m_probability" and levels[0][1].get(name) == levels[0][0][name]:
                continue
            for (level, _), value in zip(levels, values, strict=True):
                level[name] = float(f"{value / sum(values):.6g}")
    return settings


def score(records: pa.Table, kind: Kind, model: dict[str, Any], changed: pa.Table | None) -> pa.Table:
    """Score every pair that shares a key and of which at least one record is in ``changed`` (``record_key``); None: all.

    A row per pair: ``left_key`` < ``right_key``, ``entity_id``, ``match_weight`` (bits), ``match_probability``, ``evidence``, which
    names each field and how it agrees. Pairs are of one entity always.
    """
    rules = kind.settings(only_changed=changed is not None)["blocking_rules_to_generate_predictions"]
    with warehouse.in_memory() as connection:
        _prepared(records, kind, changed, connection)
        (count,) = connection.execute("select count(*) from prepared").fetchone() or (0,)
        if count < 2:
            return _none(connection)
        asked = model | {
            "blocking_rules_to_generate_predictions": rules,
            "retain_matching_columns": True,
            "additional_columns_to_retain": ["entity_id"],
        }
        found = _linker(connection, "prepared", asked).inference.predict(warning_mode="never")
        connection.execute(
            "create table priors as select unnest(?) as entity_id, unnest(?) as records", _columns(model["records_of_entity"])
        )
        return connection.execute(f"""
            with weighed as (
                select *, match_weight - {log2(PRIOR / (1 - PRIOR))} - log2(greatest(coalesce(records, 0), {1 / PRIOR}) - 1) as weight
                from {found.physical_name} left join priors on entity_id_l = priors.entity_id
            )
            select
                least(record_key_l, record_key_r) as left_key, greatest(record_key_l, record_key_r) as right_key, entity_id_l as entity_id,
                round(weight, 4)::decimal(9, 4) as match_weight,
                round(1 / (1 + pow(2, -weight)), 6)::decimal(9, 6) as match_probability,
                concat_ws(', ', {", ".join(_told(comparison) for comparison in kind.comparisons)}) as evidence
            from weighed order by all
        """).to_arrow_table()


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Without frequencies of values: of a few records every name is frequent."""
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            for name in ("tf_adjustment_column", "tf_minimum_u_value"):
                level.pop(name, None)
    return settings


def _columns(records_of_entity: dict[str, int]) -> list[list[object]]:
    return [list(records_of_entity), list(records_of_entity.values())]


def _told(comparison: Comparison) -> str:
    """SQL: how a field agrees, in words; nothing where it is unknown. Splink counts levels from the worst, which is 0."""
    labels = [*(level.label for level in comparison.levels), "differs"]
    places = range(len(comparison.levels), -1, -1)
    cases = " ".join(f"when {place} then '{comparison.name}: {label}'" for place, label in zip(places, labels, strict=True))
    return f"case gamma_{comparison.name} {cases} end"


def _none(connection: warehouse.Database) -> pa.Table:
    return connection.execute("""
        select ''::varchar as left_key, '' as right_key, '' as entity_id, 0::decimal(9, 4) as match_weight,
            0::decimal(9, 6) as match_probability, '' as evidence where false
    """).to_arrow_table()
