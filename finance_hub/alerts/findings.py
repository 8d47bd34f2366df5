"""What is wrong now: rules that broke their threshold, checks and runs that failed, sources that are stale."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from finance_hub import publish, warehouse
from finance_hub.settings import Settings

STALE_AFTER = timedelta(hours=26)
_UNDECIDED = ("cannot_evaluate", "immature", "recovering", "told_already")


@dataclass(frozen=True)
class Finding:
    """The state of one thing that may alert, at one moment.

    ``key`` names the thing (``rule|...``, ``check|...``, ``run|...``, ``source|...``): one incident is open under it at a time.
    """

    key: str
    is_bad: bool
    observed_at: datetime
    title: str = ""
    message: str = ""
    severity: str = "warning"
    department: str = ""


def of_rules(settings: Settings) -> list[Finding]:
    """What the rules say in the snapshot that is served. Rules that cannot judge say nothing: an open incident stays open."""
    snapshot = publish.current(settings.home)
    published_at = datetime.fromtimestamp(snapshot.stat().st_mtime, UTC)
    with warehouse.reading(snapshot) as database:
        rows = database.execute(
            "select alert_key, status, severity, coalesce(department, ''), subject_name, message, evidence, evidence_query from marts.alert order by alert_key"
        ).fetchall()
    return [
        Finding(
            key=f"rule|{key}",
            is_bad=status == "breach",
            observed_at=published_at,
            title=message,
            message="\n".join(part for part in (message, _evidence(evidence), _link(query)) if part),
            severity=severity,
            department=department,
        )
        for key, status, severity, department, _subject, message, evidence, query in rows
        if status not in _UNDECIDED
    ]


def undecided(settings: Settings) -> list[str]:
    """Keys of rules that could not judge, whose figure is back by too little, or which another tells: no incident opens or resolves."""
    with warehouse.reading(publish.current(settings.home)) as database:
        rows = database.execute("select alert_key from marts.alert where list_contains(?, status)", [list(_UNDECIDED)]).fetchall()
    return [f"rule|{key}" for (key,) in rows]


def of_sources(settings: Settings, now: datetime | None = None) -> list[Finding]:
    """Which connections have not been read for too long."""
    now = now or datetime.now(UTC)
    if not settings.warehouse.exists():
        return []
    with warehouse.reading(settings.warehouse, wait=5) as database:
        rows = database.execute("select connection_id, last_success_at, last_message from hub.source_runs").fetchall()
    found = []
    for connection_id, success, trouble in rows:
        if connection_id in settings.connections:
            age = now - success.replace(tzinfo=UTC) if success else None
            since = f"since {success:%Y-%m-%d %H:%M} UTC" if success else "ever"
            title = f"Source {connection_id} has not been read {since}"
            is_stale = age is None or age > STALE_AFTER
            found.append(Finding(f"source|{connection_id}", is_stale, now, title, f"{title}. {trouble}".strip(), "critical"))
    return found


def of_check(asset: str, name: str, *, passed: bool, blocking: bool, told: str, at: datetime) -> Finding:
    """What a check found."""
    title = f"Check {name} of {asset} failed"
    return Finding(f"check|{asset}|{name}", not passed, at, title, f"{title}: {told}", "critical" if blocking else "warning")


def of_step(step: str, *, succeeded: bool, told: str, at: datetime) -> Finding:
    """How a step of a run ended: ``xero.load_xero``. Runs differ in what they hold, so that a step is what recovers."""
    title = f"Step {step} failed"
    return Finding(f"step|{step}", not succeeded, at, title, f"{title}: {told}" if told else title, "critical")


def of_run(job: str, *, succeeded: bool, told: str, at: datetime) -> Finding:
    """How a run ended that failed without a step: it could not start, or its process died."""
    title = f"Run of {job} failed"
    return Finding(f"run|{job}", not succeeded, at, title, f"{title}: {told}" if told else title, "critical")


def _link(query: str | None) -> str:
    """How to see the rows behind a figure."""
    return f'Rows: finance-hub query "{query}"' if query else ""


def _evidence(evidence: str | None) -> str:
    """The largest contributors, a line each."""
    lines = []
    for item in (json.loads(evidence) if evidence else None) or []:
        share = f" ({float(item['share']) * 100:.0f} %)" if item.get("share") is not None else ""
        lines.append(f"- {item['name']}: {item['amount']}{share}")
    return "\n".join(lines)


def home_of_outbox(home: Path) -> Path:
    """The folder of the outbox of a home."""
    return home / "alerts"
