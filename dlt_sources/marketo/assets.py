"""Lists that are read whole at each run, and what only a call for each program tells: its costs and its tags."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from dlt_sources.assembly import State
from dlt_sources.marketo import records, wire
from dlt_sources.marketo.session import Session, moment_of
from dlt_sources.records.intake import Endpoint, Intake

PATHS = {
    "lead_partitions": "rest/v1/leads/partitions.json",
    "activity_types": "rest/v1/activities/types.json",
    "programs": "rest/asset/v1/programs.json",
    "channels": "rest/asset/v1/channels.json",
    "smart_campaigns": "rest/v1/campaigns.json",
    "emails": "rest/asset/v1/emails.json",
}


class _Changed(msgspec.Struct, rename="camel"):
    id: int
    updated_at: str | None = None
    created_at: str | None = None
    end_date: str | None = None
    costs: list[records.Cost] | None = None

    @property
    def at(self) -> datetime:
        """When it was last changed."""
        return max(moment_of(self.updated_at), moment_of(self.created_at))


def _pages(session: Session, name: str) -> wire.Pages:
    path = PATHS[name]
    if "/asset/" in path:
        return wire.offset(session.api, path)
    return wire.tokened(session.api, path, {"batchSize": str(wire.BATCH)} if name == "smart_campaigns" else {})


def whole(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """A small list: unchanged rows are left out, rows that are there no more are taken out."""
    known: dict[str, str] = state.setdefault("known", {})
    intake, seen = session.intake(endpoint, known), set[str]()
    for reply, rows in _pages(session, endpoint.name):
        yield from intake.take(reply, rows)
        seen.update(str(msgspec.json.decode(row, type=_Changed).id) for row in rows)
    yield from _vanished([intake], known, seen)
    yield from intake.finish()


def programs(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Programs, and the costs and tags of those that changed or may yet be charged something.

    People enter costs late, and a changed cost is no change of the program: costs of all programs that ended, changed or cost something
    within the days of the settings are read again. All costs of a program are loaded together.
    """
    known: dict[str, str] = state.setdefault("known", {})
    known_details: dict[str, str] = state.setdefault("known_details", {})
    read: dict[str, list[str]] = state.setdefault("read", {})
    intake, listed = session.intake(endpoint, known), dict[str, _Changed]()
    for reply, rows in _pages(session, endpoint.name):
        yield from intake.take(reply, rows)
        listed |= {str(one.id): one for one in (msgspec.json.decode(row, type=_Changed) for row in rows)}
    details = session.intake(records.DETAILS, known_details)
    alive_from = max([one.at for one in listed.values()], default=moment_of(None)) - timedelta(days=session.settings.restate_days)
    for key, one in listed.items():
        seen_at, last_cost = read.get(key, ["", ""])
        latest = max(one.at, moment_of(last_cost), moment_of(one.end_date))
        if seen_at == one.at.isoformat() and latest < alive_from:
            continue
        reply, envelope = wire.get(session.api, f"rest/asset/v1/program/{key}.json")
        yield from details.take(reply, envelope.rows)
        costs = [cost.start_date for row in envelope.rows for cost in msgspec.json.decode(row, type=_Changed).costs or ()]
        read[key] = [one.at.isoformat(), max(costs, default="")]
    yield from _vanished([intake, details], known, set(listed), known_details, read)
    yield from intake.finish()
    yield from details.finish()


def _vanished(intakes: list[Intake], known: dict[str, str], seen: set[str], *others: dict[str, Any]) -> Iterator[Any]:
    """Take out what the vendor no longer lists."""
    gone = sorted(known.keys() - seen)
    for intake in intakes:
        yield from intake.gone([(int(key),) for key in gone])
    for key in gone:
        for kept in (known, *others):
            kept.pop(key, None)
