"""From a run, a snapshot or the clock into the outbox. Whoever is killed here may do it again: nothing is told twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from finance_hub import publish, warehouse
from finance_hub.alerts.findings import Finding, of_check, of_rules, of_run, of_sources, undecided
from finance_hub.alerts.outbox import Outbox
from finance_hub.settings import Settings


def notice_run(settings: Settings, job: str, *, succeeded: bool, told: str, checks: list[Finding]) -> int:
    """Write what a run shows into the outbox: how it ended, its checks, and, when it published, the rules; returns what is new."""
    outbox, now = Outbox(settings.home), datetime.now(UTC)
    opened = outbox.observe([of_run(job, succeeded=succeeded, told=told, at=now), *checks], settings.alerting)
    return opened + notice_rules(settings)


def notice_rules(settings: Settings) -> int:
    """Write what the rules of the served snapshot say into the outbox; returns what is new."""
    try:
        findings, silent = of_rules(settings), undecided(settings)
    except publish.NothingPublishedError:
        return 0
    return Outbox(settings.home).observe(findings, settings.alerting, complete="rule|", undecided=silent)


def check_findings(events: Iterable[Any]) -> list[Finding]:
    """What the checks among a run's events found."""
    return [
        of_check(
            ".".join(evaluation.asset_key.path),
            evaluation.check_name,
            passed=evaluation.passed,
            blocking=bool(evaluation.blocking),
            told=evaluation.description or "",
            at=datetime.now(UTC),
        )
        for evaluation in events
    ]


def notice_sources(settings: Settings) -> int:
    """Write which sources are stale into the outbox, unless the warehouse is in use just now; returns what is new."""
    try:
        findings = of_sources(settings)
    except warehouse.WarehouseBusyError:
        return 0
    return Outbox(settings.home).observe(findings, settings.alerting)
