"""Every dbt model, seed and test as an asset or a check, built by one op that has the warehouse to itself."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, dbt_assets
from sqlglot.errors import SqlglotError

from finance_hub import models, views, warehouse
from finance_hub.automation import WAREHOUSE_POOL
from finance_hub.defs.resources import Dbt, Hub, default_home
from finance_hub.lineage import Columns, column_lineage
from finance_hub.translators import ModelTranslator
from finance_hub.views import View

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

    plain = {_key(view): view for view in views.of(manifest)}

    @dbt_assets(manifest=manifest, dagster_dbt_translator=ModelTranslator(), name="models", pool=WAREHOUSE_POOL)
    def build(context: dg.AssetExecutionContext, hub: dg.ResourceParam[Hub]) -> Iterator[Any]:
        settings = hub.settings()
        hub.prepare(settings)
        _know_output_keys(context)
        hub.tell("Building and testing the models")
        wanted = [view for key, view in plain.items() if key in context.selected_asset_keys]
        with warehouse.writing(settings.warehouse) as database:
            views.make(database, wanted)
            columns: dict[str, Columns] = dict(warehouse.columns(database))
        hub.meanwhile()
        command = ["build", "--exclude-resource-type", "unit_test", "--no-write-json"]
        command += ["--log-path", str(settings.home / "logs"), "--log-level-file", "warn"]  # the rest is in Dagster's event log
        if wanted:  # their tests are dbt's
            command += ["--indirect-selection", "empty", "--exclude", views.criteria(manifest, wanted)]
        with models.as_environment_of(settings.home):
            running = Dbt().cli(command, context=context, manifest=manifest, target_path=models.run_folder(settings.home))
        # Takes seconds after a first load, as dbt does to start: it asks again until it may open.
        with warehouse.lent(settings.warehouse):
            yield from _made(manifest, wanted, columns)
            yield from _events(running, columns)

    known = [
        dg.AssetSpec(["hub", name], group_name="hub", description=told, kinds={"duckdb"}, owners=["team:data"])
        for name, told in HUB_TABLES.items()
    ]
    return dg.Definitions(assets=[build, *known])


def _know_output_keys(context: dg.AssetExecutionContext) -> None:
    """Find the keys of the op's outputs once: Dagster does so for each output, which for a thousand takes twenty seconds."""
    step = context.get_step_execution_context()
    keys = step.get_output_asset_keys()
    step.get_output_asset_keys = lambda: keys


def _key(view: View) -> dg.AssetKey:
    return dg.AssetKey([view.schema, view.name])


def _made(manifest: Mapping[str, Any], made: Iterable[View], columns: Mapping[str, Columns]) -> Iterator[dg.MaterializeResult]:
    """Views that are made already, while dbt does the rest."""
    for view in made:
        schema = [dg.TableColumn(name, told["data_type"]) for name, told in columns[view.relation].items()]
        yield dg.MaterializeResult(
            asset_key=_key(view),
            metadata={
                "unique_id": view.unique_id,
                "dagster/column_schema": dg.TableSchema(schema),
                **_lineage(manifest, view.unique_id, view.sql, columns),
            },
        )


def _events(running: DbtCliInvocation, columns: dict[str, Columns]) -> Iterator[Any]:
    """What dbt does, as it does it: checks, and models with the lineage of their columns.

    ``columns`` has those of every table and view that stood before; what is built adds its own.
    """
    for event in running.stream_raw_events():
        # Without a target path dagster-dbt leaves the lineage out.
        for told in event.to_default_asset_events(
            running.manifest, dagster_dbt_translator=running.dagster_dbt_translator, context=running.context, target_path=None
        ):
            history = event._event_history_metadata  # noqa: SLF001  # what `tell_columns` told; no public name leads to it
            if isinstance(told, dg.Output) and "columns" in history:
                columns[history["relation_name"]] = history["columns"]
                node = running.manifest["nodes"][told.metadata["unique_id"].value]
                path = running.target_path / "compiled" / node["package_name"] / node["original_file_path"]
                sql = path.read_text() if node["resource_type"] == "model" and node["language"] == "sql" else ""
                yield told.with_metadata({**told.metadata, **_lineage(running.manifest, node["unique_id"], sql, columns)})
            else:
                yield told


def _lineage(
    manifest: Mapping[str, Any], unique_id: str, sql: str, columns: Mapping[str, Columns]
) -> Mapping[str, dg.TableColumnLineage]:
    """The metadata that tells where a model's columns come from; none for what has no SQL, or SQL that cannot be read."""
    if not sql:
        return {}
    nodes, sources = manifest["nodes"], manifest["sources"]
    node = nodes[unique_id]
    names = [(nodes.get(name) or sources[name])["relation_name"] for name in node["depends_on"]["nodes"]]
    try:
        return {"dagster/column_lineage": column_lineage(sql, {name: columns[name] for name in names if name in columns})}
    except SqlglotError as error:
        dg.get_dagster_logger().warning("The columns of %s are not told: %s", node["name"], error)
        return {}
