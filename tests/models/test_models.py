"""The models' own unit tests, and the rules that hold of all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dlt_sources.catalog import SYSTEMS, System
from finance_hub import settings, source_docs, warehouse
from tests.dbt import dbt, make_views

PROJECT = Path(__file__).parents[2] / "dbt_project"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty warehouse with every model built and every unit test run; the folder of dbt's own results."""
    home = tmp_path_factory.mktemp("models")
    found = settings.load(home, {})
    warehouse.prepare(found)
    return dbt(found, "build", *make_views(found), "--indirect-selection=empty")


def test_every_model_builds_on_empty_tables_and_every_unit_test_passes(built: Path) -> None:
    results = json.loads((built / "run_results.json").read_text())["results"]
    kinds = {
        kind: [r["status"] for r in results if r["unique_id"].startswith(f"{kind}.")] for kind in ("model", "test", "unit_test")
    }
    assert set(kinds["model"]) == {"success"}
    assert set(kinds["test"]) == {"pass"}
    assert set(kinds["unit_test"]) == {"pass"}
    assert len(kinds["unit_test"]) >= 5


def manifest(built: Path) -> dict[str, dict[str, object]]:
    return json.loads((built / "manifest.json").read_text())


def test_marts_read_core_and_marts_only(built: Path) -> None:
    nodes = manifest(built)["nodes"]
    marts = [node for node in nodes.values() if node["resource_type"] == "model" and node["schema"] == "marts"]
    assert marts
    for mart in marts:
        for parent in mart["depends_on"]["nodes"]:
            assert nodes[parent]["schema"] in {"core", "marts"}, f"{mart['name']} reads {parent}"


def test_every_mart_has_a_contract_a_grain_and_a_unit_test(built: Path) -> None:
    found = manifest(built)
    tested = {name for test in found["unit_tests"].values() for name in test["depends_on"]["nodes"]}
    for key, node in found["nodes"].items():
        if node["resource_type"] == "model" and node["schema"] == "marts":
            assert node["contract"]["enforced"], node["name"]
            assert "One row per " in node["description"], node["name"]
            assert key in tested, node["name"]


def test_every_core_model_tells_its_grain_and_every_column(built: Path) -> None:
    nodes = manifest(built)["nodes"]
    held = {node["attached_node"] for node in nodes.values() if node.get("test_metadata", {}).get("name") == "unique_grain"}
    with warehouse.reading(settings.load(built.parent.parent, {}).warehouse) as database:
        columns = database.execute(
            "select table_name, list(column_name order by ordinal_position) from information_schema.columns where table_schema = 'core' group by 1"
        ).fetchall()
    made = dict(columns)
    core = {key: node for key, node in nodes.items() if node["resource_type"] == "model" and node["schema"] == "core"}
    assert core
    for key, node in core.items():
        assert re.search(r"One row per [^.]+\.$", node["description"]), node["name"]
        assert key in held, node["name"]
        assert list(node["columns"]) == made[node["name"]], f"{node['name']}: its columns, in their order"
        assert all(column["description"] for column in node["columns"].values()), node["name"]


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda system: system.name)
def test_the_sources_are_those_that_are_declared(system: System) -> None:
    assert source_docs.path(system).read_text() == source_docs.render(system), "run `make sources`"
