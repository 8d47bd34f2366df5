"""When things run: sources as often as the catalog says, everything once a day, models whenever something new has come."""

import dagster as dg

from dlt_sources.catalog import SYSTEMS

DAILY = "30 4 * * *"

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(include_sources=False) | dg.AssetSelection.all_asset_checks(),
    description="Extract, load, build, check and publish everything; what `finance-hub run` does.",
)
extractions = [
    dg.define_asset_job(
        f"read_{system.name}",
        selection=dg.AssetSelection.groups(system.name),
        description=f"Fetch what is new from {system.title}.",
    )
    for system in SYSTEMS.values()
]


@dg.definitions
def defs() -> dg.Definitions:
    """Jobs, their schedules, and the sensor that rebuilds what is behind."""
    return dg.Definitions(
        jobs=[refresh, *extractions],
        schedules=[
            dg.ScheduleDefinition(
                name="daily",
                job=refresh,
                cron_schedule=DAILY,
                description="Everything once a day.",
                default_status=dg.DefaultScheduleStatus.RUNNING,
            ),
            *(
                dg.ScheduleDefinition(
                    name=f"{system.name}_by_the_hour",
                    job=job,
                    cron_schedule=system.cron,
                    description=f"What is new from {system.title}.",
                    default_status=dg.DefaultScheduleStatus.RUNNING,
                )
                for system, job in zip(SYSTEMS.values(), extractions, strict=True)
            ),
        ],
        sensors=[
            dg.AutomationConditionSensorDefinition(
                "when_upstream_is_ready", target=dg.AssetSelection.all(), default_status=dg.DefaultSensorStatus.RUNNING
            )
        ],
    )
