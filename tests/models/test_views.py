"""Views of the raw tables, made without dbt from what it has compiled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finance_hub import models, settings, views, warehouse
from finance_hub.settings import Settings
from tests.dbt import dbt

Sql = dict[str, str]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A hub whose raw tables are there, and empty."""
    found = settings.load(tmp_path_factory.mktemp("views"), {})
    warehouse.prepare(found)
    return found


@pytest.fixture(scope="module")
def manifest(found: Settings) -> Mapping[str, Any]:
    return json.loads(models.manifest(found.home).read_bytes())


def made(database: duckdb.DuckDBPyConnection) -> Sql:
    """Every view with its query; DuckDB writes it with and without blanks."""
    answer = database.execute(
        "select schema_name || '.' || view_name, replace(sql, ' ', '') from duckdb_views() where not internal"
    )
    return dict(answer.fetchall())


def test_they_are_those_that_dbt_makes_and_dbt_makes_none_of_them_again(found: Settings, manifest: Mapping[str, Any]) -> None:
    plain = views.of(manifest)
    assert {view.name for view in plain} > {"stg_xero__journals", "int_sap_gl_lines_conformed", "int_ledger_books_stacked"}
    assert "int_quickbooks_gl_lines_conformed" not in {view.name for view in plain}, "it reads a table of another model"

    seen = [view for view in plain if view.schema == "staging" and "ecb" in view.name]
    dbt(found, "build", "--select", " ".join(view.name for view in seen))
    with warehouse.writing(found.warehouse) as database:
        by_dbt = made(database)
        views.make(database, plain)
        ours = made(database)
    assert by_dbt.keys() == {f"{view.schema}.{view.name}" for view in seen} != set()
    assert {name: ours[name] for name in by_dbt} == by_dbt
    assert ours.keys() == {f"{view.schema}.{view.name}" for view in plain}

    left = {node["name"] for name, node in manifest["nodes"].items() if node["resource_type"] == "model"} - {v.name for v in plain}
    excluded = ["--indirect-selection", "empty", "--select", "fqn:*", "--exclude", views.criteria(manifest, plain)]
    told = models.run(found.home, models.run_folder(found.home), "list", "--output", "name", *excluded).split()
    kinds = {node["name"]: node["resource_type"] for node in manifest["nodes"].values()}
    assert {name for name in told if kinds.get(name) == "model"} == left
    assert {name for name in told if kinds.get(name) == "test"} == {name for name, kind in kinds.items() if kind == "test"}


def test_a_view_that_does_not_fit_is_named_and_nothing_is_changed(
    found: Settings, manifest: Mapping[str, Any], tmp_path: Path
) -> None:
    with warehouse.writing(tmp_path / "warehouse.duckdb") as database:
        database.execute("create schema ecb; create table ecb._dlt_loads (load_id varchar, status bigint)")
        with pytest.raises(views.ViewError, match=r"staging\.stg_\w+ cannot be made: .*does not exist"):
            views.make(database, views.of(manifest))
        assert made(database) == {}


def test_a_table_that_a_former_version_made_gives_way(found: Settings, manifest: Mapping[str, Any]) -> None:
    with warehouse.writing(found.warehouse) as database:
        database.execute(
            "create schema if not exists staging; drop view if exists staging.stg_xero__journals;"
            "create table staging.stg_xero__journals as select 1 as one"
        )
        views.make(database, views.of(manifest))
        assert "staging.stg_xero__journals" in made(database)
