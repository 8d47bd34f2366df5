"""Sensors that notice and hand on: they only write the outbox, whose keys are unique, and leave sending to a process of its own."""

import dagster as dg

from finance_hub.alerts import follow_up, notice_rules, notice_run, notice_sources, start_sender
from finance_hub.defs.resources import Hub

_EVERY_SECONDS = 60


def _events(instance: dg.DagsterInstance, run_id: str) -> list[dg.DagsterEvent]:
    """The events of a run that may open or resolve something."""
    kinds = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE}
    records = instance.get_records_for_run(run_id, of_type=kinds).records
    return [record.event_log_entry.dagster_event for record in records if record.event_log_entry.dagster_event]


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_EVERY_SECONDS,
    description="A run succeeded: its checks and the rules of the new snapshot.",
)
def after_success(context: dg.RunStatusSensorContext, hub: dg.ResourceParam[Hub]) -> None:
    """A run succeeded."""
    run = context.dagster_run
    notice_run(hub.settings(), run.job_name, _events(context.instance, run.run_id), succeeded=True)


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_EVERY_SECONDS,
    description="A run failed: why, and what its checks found.",
)
def after_failure(context: dg.RunFailureSensorContext, hub: dg.ResourceParam[Hub]) -> None:
    """A run failed."""
    run, told = context.dagster_run, context.failure_event.message or ""
    notice_run(hub.settings(), run.job_name, _events(context.instance, run.run_id), succeeded=False, told=told)


@dg.sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=_EVERY_SECONDS,
    description="Stale sources, rules of the served snapshot, what nobody has acknowledged, and whatever waits to be sent.",
)
def tell(hub: dg.ResourceParam[Hub]) -> dg.SkipReason:
    """What no run tells, and the sender."""
    settings = hub.settings()
    opened = notice_rules(settings) + notice_sources(settings)
    again = follow_up(settings)
    if settings.alerting.every_target:
        start_sender(settings.home)
    return dg.SkipReason(f"{opened} new alerts, {again} told again")
