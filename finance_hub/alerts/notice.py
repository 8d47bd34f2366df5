"""From a run, a snapshot or the clock into the outbox. Whoever is killed here may do it again: nothing is told twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from finance_hub import publish, warehouse
from finance_hub.alerts.findings import of_check, of_rules, of_run, of_sources, of_step, undecided
from finance_hub.alerts.outbox import Outbox
from finance_hub.settings import Settings


def notice_run(settings: Settings, job: str, events: Iterable[Any], *, succeeded: bool, told: str = "") -> int:
    """Write what a run shows into the outbox, and the rules if it published; returns what is new.

    ``events`` are the run's Dagster events: its steps and what its checks found. ``told`` is why a run failed that had no step.
    """
    now, findings = datetime.now(UTC), []
    for event in events:
        kind, data = event.event_type_value, event.event_specific_data
        if kind == "ASSET_CHECK_EVALUATION":
            asset = ".".join(data.asset_key.path)
            told_by_check = data.description or ""
            findings.append(
                of_check(asset, data.check_name, passed=data.passed, blocking=bool(data.blocking), told=told_by_check, at=now)
            )
        elif kind in {"STEP_SUCCESS", "STEP_FAILURE"}:
            why = failure_of(event) if kind == "STEP_FAILURE" else ""
            findings.append(of_step(event.step_key.partition("[")[0], succeeded=kind == "STEP_SUCCESS", told=why, at=now))
    if succeeded or not any(finding.is_bad and finding.key.startswith("step|") for finding in findings):
        findings.append(of_run(job, succeeded=succeeded, told=told, at=now))
    return Outbox(settings.home).observe(findings, settings.alerting) + notice_rules(settings)


def failure_of(event: Any) -> str:
    """Why a step failed: its own words where it has some, else the innermost error's."""
    data = event.event_specific_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else f"{event.step_key} failed"


def notice_rules(settings: Settings) -> int:
    """Write what the rules of the served snapshot say into the outbox; returns what is new."""
    try:
        findings, silent = of_rules(settings), undecided(settings)
    except publish.NothingPublishedError:
        return 0
    return Outbox(settings.home).observe(findings, settings.alerting, complete="rule|", undecided=silent)


def notice_sources(settings: Settings) -> int:
    """Write which sources are stale into the outbox, unless the warehouse is in use just now; returns what is new."""
    try:
        findings = of_sources(settings)
    except warehouse.WarehouseBusyError:
        return 0
    return Outbox(settings.home).observe(findings, settings.alerting)


def follow_up(settings: Settings) -> int:
    """Write what time makes due into the outbox: what nobody acknowledged, what is still wrong after a quiet; returns how many."""
    return Outbox(settings.home).follow_up(settings.alerting, datetime.now(UTC))
