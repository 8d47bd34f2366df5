"""Raw tables as assets, by system: every connection is read side by side, then loaded in one short turn at the warehouse.

The connections are read from the settings when the run starts, so that adding one needs no reload. A connection that fails does not
keep the others from loading, but fails the run.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dlt_sources.catalog import SYSTEMS, System
from dlt_sources.records import Table
from finance_hub import ingestion, warehouse
from finance_hub.automation import WAREHOUSE_POOL, ask_again, read_daily
from finance_hub.defs.resources import Hub
from finance_hub.ingestion import Loaded, Staged


def raw_spec(system: System, table: Table) -> dg.AssetSpec:
    """A raw table as an asset: ``[xero, journals]``."""
    columns = [
        dg.TableColumn(column.name, column.kind.sql, constraints=dg.TableColumnConstraints(nullable=column.nullable))
        for column in table.columns
    ]
    return dg.AssetSpec(
        key=[system.name, table.name],
        group_name=system.name,
        description=f"{table.description}\n\nKey: connection_id, {', '.join(table.key)}. From {system.title}; see {system.docs}.",
        kinds={"dlt", "duckdb"},
        owners=["team:data"],
        tags={"kind": system.kind, "layer": "raw"},
        freshness_policy=read_daily,
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": f"warehouse.{system.name}.{table.name}",
        },
    )


def raw_assets(system: System) -> dg.AssetsDefinition:
    """The raw tables of one system, extracted by one op per connection and loaded by one."""
    specs = {table.name: raw_spec(system, table) for table in system.all_tables}

    @dg.op(
        name=f"{system.name}_connections",
        out=dg.DynamicOut(str),
        pool=WAREHOUSE_POOL,
        description="The connections to read, and the tables that they are loaded into.",
    )
    def connections(hub: dg.ResourceParam[Hub]) -> Iterator[dg.DynamicOutput[str]]:
        settings = hub.settings()
        hub.prepare(settings)
        for connection in settings.connections.values():
            if connection.system == system.name and (not hub.only or connection.name in hub.only):
                yield dg.DynamicOutput(connection.name, mapping_key=connection.name)

    @dg.op(
        name=f"extract_{system.name}",
        retry_policy=ask_again,
        description="Fetch what is new through one connection; holds nothing that others wait for.",
    )
    def extract(context: dg.OpExecutionContext, hub: dg.ResourceParam[Hub], name: str) -> Staged:
        return _extract(context, hub, name)

    @dg.op(
        name=f"load_{system.name}",
        pool=WAREHOUSE_POOL,
        tags={"dagster/priority": "1"},  # what one connection brought is loaded while another is still being read
        out={name: dg.Out(dg.Nothing, is_required=False) for name in specs},
        description="Load what was fetched, each connection in one transaction.",
    )
    def load(context: dg.OpExecutionContext, hub: dg.ResourceParam[Hub], staged: list[Staged]) -> Iterator[dg.Output[None]]:
        yield from _load(context, hub, system, staged)

    @dg.graph_multi_asset(
        name=system.name,
        outs={name: dg.AssetOut.from_spec(spec, is_required=False) for name, spec in specs.items()},
        can_subset=True,
    )
    def tables() -> dict[str, Any]:
        loaded = load(connections().map(extract).collect())
        return {name: getattr(loaded, name) for name in specs}

    by_key = {spec.key: spec for spec in specs.values()}
    return tables.map_asset_specs(lambda spec: by_key[spec.key])  # the decorator keeps neither groups nor freshness


def _extract(context: dg.OpExecutionContext, hub: Hub, name: str) -> Staged:
    settings = hub.settings()
    connection = settings.connections[name]
    hub.tell(f"Reading {name} ({SYSTEMS[connection.system].title})")
    staged = hub.extract(settings, connection)
    if staged.problem:
        if staged.may_pass and context.retry_number < ask_again.max_retries:
            raise dg.Failure(staged.problem)
        context.log.error(staged.problem)
    return staged


def _load(context: dg.OpExecutionContext, hub: Hub, system: System, staged: list[Staged]) -> Iterator[dg.Output[None]]:
    settings = hub.settings()
    loaded = []
    for package in staged:
        if package.problem:
            ingestion.note_failure(settings, package)
        else:
            hub.tell(f"Loading {package.connection_id}")
            loaded.append(ingestion.load(settings, package))
    with warehouse.reading(settings.warehouse) as database:
        for table in system.all_tables:
            if table.name in context.selected_output_names:
                rows = database.execute(f'select count(*) from "{system.name}"."{table.name}"').fetchone()
                yield dg.Output(None, table.name, metadata=_told(table.name, loaded, rows[0] if rows else 0))
    if problems := [package.problem for package in staged if package.problem]:
        raise dg.Failure("\n".join(problems), allow_retries=False)


def _told(table: str, loaded: list[Loaded], row_count: int) -> dict[str, Any]:
    """Metadata of a materialization: rows in all, rows that this run brought by connection, and what was set aside or missing."""
    told: dict[str, Any] = {
        "dagster/row_count": row_count,
        "rows_loaded": {each.connection_id: each.rows.get(table, 0) for each in loaded},
    }
    if table == "quarantine":
        told["quarantined"] = {each.connection_id: each.quarantined for each in loaded}
    if missing := {each.connection_id: each.unavailable[table] for each in loaded if table in each.unavailable}:
        told["unavailable"] = missing
    return told


@dg.definitions
def defs() -> dg.Definitions:
    """Every system of the catalog, connected or not: its tables exist, possibly empty."""
    return dg.Definitions(assets=[raw_assets(system) for system in SYSTEMS.values()])
