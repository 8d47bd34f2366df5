"""The models that are views of the raw tables: made at once, from what dbt has compiled.

dbt takes a twentieth of a second for each node that it runs, and most models are such views: a third of a build. They are the same
whatever the tables hold, so that dbt need only have compiled them once, when the project was parsed; what stands on tables of other
models is left to dbt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import duckdb

from finance_hub.warehouse import Database


class ViewError(Exception):
    """A view cannot be made: its query does not fit the tables below it."""


@dataclass(frozen=True)
class View:
    """One such model, as the manifest has it."""

    unique_id: str
    name: str
    schema: str
    relation: str
    sql: str


def of(manifest: Mapping[str, Any]) -> list[View]:
    """Every view that stands on raw tables and such views alone, after those that it reads.

    Needs a manifest in which they are compiled (see :func:`finance_hub.models.manifest`).
    """
    nodes, sources = manifest["nodes"], manifest["sources"]
    is_view = {
        name: node["resource_type"] == "model" and node["config"]["materialized"] == "view" and bool(node.get("compiled_code"))
        for name, node in nodes.items()
    }
    reads = {name: nodes[name]["depends_on"]["nodes"] for name, view in is_view.items() if view}
    plain: set[str] = set()
    found = []
    for name in TopologicalSorter(reads).static_order():
        if not is_view.get(name) or any(parent not in plain and parent not in sources for parent in reads[name]):
            continue
        plain.add(name)
        node = nodes[name]
        found.append(View(name, node["alias"], node["schema"], node["relation_name"], node["compiled_code"]))
    return found


def make(database: Database, views: Iterable[View]) -> None:
    """Make or replace views, in this order and all or none. Raises :class:`ViewError` with DuckDB's own words."""
    views = list(views)
    others = {
        f'"{catalog}"."{schema}"."{name}"'
        for catalog, schema, name in database.execute(
            "select table_catalog, table_schema, table_name from information_schema.tables where table_type <> 'VIEW'"
        ).fetchall()
    }
    database.execute("begin")
    try:
        for schema in sorted({view.schema for view in views}):
            database.execute(f'create schema if not exists "{schema}"')
        for view in views:
            if view.relation in others:  # a table by a former version
                database.execute(f"drop table {view.relation}")
            database.execute(f"create or replace view {view.relation} as ({view.sql})")
    except duckdb.Error as trouble:
        database.execute("rollback")
        raise ViewError(f"The view {view.schema}.{view.name} cannot be made: {trouble}") from trouble
    database.execute("commit")


def criteria(manifest: Mapping[str, Any], views: Iterable[View]) -> str:
    """These views in dbt's words, for its ``--exclude``: folders that hold nothing else, and beginnings of names that they alone have in theirs.

    dbt compares each word with every node, for which a word for each view would take it seconds.
    """
    wanted = {view.unique_id for view in views}
    paths = {name: tuple(node["fqn"]) for name, node in manifest["nodes"].items()}
    begun_by_others: set[tuple[str, ...]] = set()
    beside: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, path in paths.items():
        if name not in wanted:
            begun_by_others.update(path[:length] for length in range(1, len(path) + 1))
            beside[path[:-1]].append(path[-1])

    def word(path: tuple[str, ...]) -> str:
        for length in range(2, len(path)):
            if path[:length] not in begun_by_others:
                return ".".join(path[:length])
        parts = path[-1].split("_")
        begun = ("_".join(parts[:count]) + "_" for count in range(1, len(parts)))
        name = next((f"{each}*" for each in begun if not any(other.startswith(each) for other in beside[path[:-1]])), path[-1])
        return ".".join([*path[:-1], name])

    return " ".join(f"fqn:{each}" for each in sorted({word(paths[name]) for name in wanted}))
