"""Every dbt model, seed and test as an asset or a check, built by one op that has the warehouse to itself."""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, dbt_assets
from sqlglot.errors import SqlglotError

from finance_hub import models
from finance_hub.automation import WAREHOUSE_POOL
from finance_hub.defs.resources import Dbt, Hub, default_home
from finance_hub.lineage import Columns, column_lineage
from finance_hub.translators import ModelTranslator

HUB_TABLES = {
    "parameters": "As-of date and reporting currency, as the settings have them.",
    "connections": "What is connected, as the settings have it.",
    "source_runs": "The last run of each connection.",
    "unavailable_tables": "Tables that a vendor did not let a source read, with the reason.",
    "check_results": "What the behaviour checks measured last.",
    "control_results": "What the controls of the catalogue found, run by run.",
}


@dg.definitions
def defs() -> dg.Definitions:
    """The models, from the manifest: made first where it is absent or old."""
    manifest = json.loads(models.manifest(default_home()).read_bytes())

    @dbt_assets(manifest=manifest, dagster_dbt_translator=ModelTranslator(), name="models", pool=WAREHOUSE_POOL)
    def build(context: dg.AssetExecutionContext, hub: dg.ResourceParam[Hub]) -> Iterator[Any]:
        settings = hub.settings()
        hub.prepare(settings)
        hub.tell("Building and testing the models")
        os.environ.update(models.environment(settings.warehouse))
        hub.meanwhile()
        command = ["build", "--exclude-resource-type", "unit_test", "--no-write-json"]
        command += ["--log-path", str(settings.home / "logs"), "--log-level-file", "warn"]  # the rest is in Dagster's event log
        yield from _events(Dbt().cli(command, context=context, manifest=manifest, target_path=models.run_folder(settings.home)))

    known = [
        dg.AssetSpec(["hub", name], group_name="hub", description=told, kinds={"duckdb"}, owners=["team:data"])
        for name, told in HUB_TABLES.items()
    ]
    return dg.Definitions(assets=[build, *known])


def _events(running: DbtCliInvocation) -> Iterator[Any]:
    """What dbt does, as it does it: checks, and models with the lineage of their columns."""
    told_columns: dict[str, Columns] = {}
    for event in running.stream_raw_events():
        # Without a target path dagster-dbt leaves the lineage out.
        for told in event.to_default_asset_events(
            running.manifest, dagster_dbt_translator=running.dagster_dbt_translator, context=running.context, target_path=None
        ):
            history = event._event_history_metadata  # noqa: SLF001  # what `tell_columns` told; no public name leads to it
            if isinstance(told, dg.Output) and "parents" in history:
                told_columns |= {name: parent["columns"] for name, parent in history["parents"].items()}
                told_columns[history["relation_name"]] = history["columns"]
                yield told.with_metadata({**told.metadata, **_lineage(running, told, told_columns)})
            else:
                yield told


def _lineage(
    running: DbtCliInvocation, built: dg.Output[Any], told_columns: Mapping[str, Columns]
) -> Mapping[str, dg.TableColumnLineage]:
    """The metadata that tells where a model's columns come from; none for a model in Python, or one whose SQL cannot be read.

    ``told_columns`` has the columns of every relation told so far, the model's parents among them.
    """
    node = running.manifest["nodes"][built.metadata["unique_id"].value]
    if node["language"] != "sql":
        return {}
    nodes, sources = running.manifest["nodes"], running.manifest["sources"]
    names = [(nodes.get(name) or sources[name])["relation_name"] for name in node["depends_on"]["nodes"]]
    parents = {name: told_columns[name] for name in names if name in told_columns}
    sql = (running.target_path / "compiled" / node["package_name"] / node["original_file_path"]).read_text()
    try:
        return {"dagster/column_lineage": column_lineage(sql, parents)}
    except SqlglotError as error:
        dg.get_dagster_logger().warning("The columns of %s are not told: %s", node["name"], error)
        return {}
