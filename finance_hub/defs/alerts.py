"""Sensors that notice and hand on: they only write the outbox, whose keys are unique, and leave sending to a process of its own."""

import dagster as dg

from finance_hub.alerts import Finding, check_findings, notice_rules, notice_run, notice_sources, start_sender
from finance_hub.defs.resources import Hub

_EVERY_SECONDS = 60


def _of_run_id(instance: dg.DagsterInstance, run_id: str) -> list[Finding]:
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    events = [record.event_log_entry.dagster_event for record in records]
    return check_findings(event.event_specific_data for event in events if event)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_EVERY_SECONDS,
    description="A run succeeded: its checks and the rules of the new snapshot.",
)
def after_success(context: dg.RunStatusSensorContext, hub: dg.ResourceParam[Hub]) -> None:
    """A run succeeded."""
    settings = hub.settings()
    checks = _of_run_id(context.instance, context.dagster_run.run_id)
    notice_run(settings, context.dagster_run.job_name, succeeded=True, told="", checks=checks)


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_EVERY_SECONDS,
    description="A run failed: why, and what its checks found.",
)
def after_failure(context: dg.RunFailureSensorContext, hub: dg.ResourceParam[Hub]) -> None:
    """A run failed."""
    settings = hub.settings()
    checks = _of_run_id(context.instance, context.dagster_run.run_id)
    told = context.failure_event.message or ""
    notice_run(settings, context.dagster_run.job_name, succeeded=False, told=told, checks=checks)


@dg.sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_EVERY_SECONDS,
    description="Stale sources, rules of the served snapshot, and whatever waits to be sent.",
)
def tell(hub: dg.ResourceParam[Hub]) -> dg.SkipReason:
    """What no run tells, and the sender."""
    settings = hub.settings()
    opened = notice_rules(settings) + notice_sources(settings)
    if settings.alerting.every_target:
        start_sender(settings.home)
    return dg.SkipReason(f"{opened} new alerts")
