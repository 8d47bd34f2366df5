"""The snapshot that readers see: made after everything that could stop it has passed."""

import json

import dagster as dg

from finance_hub import closing, models, plans, publish, warehouse
from finance_hub.automation import WAREHOUSE_POOL, read_daily, when_upstream_is_ready
from finance_hub.defs.resources import Hub, default_home
from finance_hub.publish import SCHEMAS


@dg.definitions
def defs() -> dg.Definitions:
    """The snapshot depends on every table that it holds, so that a blocking check on any of them stops it."""
    nodes = json.loads(models.manifest(default_home()).read_bytes())["nodes"].values()
    served = [
        dg.AssetKey([node["schema"], node["alias"]])
        for node in nodes
        if node["resource_type"] in {"model", "seed"} and node["schema"] in SCHEMAS
    ]

    @dg.asset(
        key=["serve", "snapshot"],
        deps=served,
        group_name="serve",
        kinds={"duckdb"},
        owners=["team:data"],
        pool=WAREHOUSE_POOL,
        automation_condition=when_upstream_is_ready,
        freshness_policy=read_daily,
        description="The published snapshot: core and marts in a file of their own, which BI tools and `finance-hub query` read.",
    )
    def snapshot(hub: dg.ResourceParam[Hub]) -> dg.MaterializeResult:
        hub.tell("Publishing")
        settings = hub.settings()
        with warehouse.writing(settings.warehouse) as database:
            sealed = closing.seal(database)
            locked = plans.keep(database)
        with warehouse.lent(settings.warehouse):
            published = publish.publish(settings)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(published),
                "bytes": published.stat().st_size,
                "tables": len(served),
                "months_sealed": sealed,
                "plans_kept": locked,
            }
        )

    return dg.Definitions(assets=[snapshot])
