"""Records that come and go: what changed since the last run, what was deleted, and now and then all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from dlt_sources.assembly import State
from dlt_sources.connection import Unavailable
from dlt_sources.http import ApiClient, NotFound, PermissionMissing
from dlt_sources.pipedrive import pages
from dlt_sources.pipedrive.fields import Wanted
from dlt_sources.pipedrive.pages import Pages
from dlt_sources.records import Archive
from dlt_sources.records.convert import read_instant
from dlt_sources.records.intake import Endpoint, Intake


@dataclass(frozen=True)
class Ways:
    """How a connection wants to be read."""

    overlap: timedelta
    sweep_after: timedelta
    longest_gap: timedelta
    archived: bool
    flows: int


@dataclass(frozen=True)
class Session:
    """What the reading of one listing has at hand."""

    api: ApiClient
    archive: Archive
    name: str
    ways: Ways
    missing: Unavailable

    def intake(self, endpoint: Endpoint, known: MutableMapping[str, str] | None) -> Intake:
        """Takes in the pages of an endpoint."""
        return Intake(endpoint, connection_id=self.name, archive=self.archive, known=known)


class _Head(msgspec.Struct):
    """Identity and state of a record; a field that is not what it should be is the record's own trouble."""

    id: int
    update_time: Any = None
    is_deleted: Any = False
    status: Any = None

    @property
    def is_gone(self) -> bool:
        """Whether the vendor says that it was deleted."""
        return self.is_deleted is True or self.status == "deleted"


@dataclass
class Living:
    """Records of one kind as they come in a run. ``loaded`` are those that are new or changed, ``gone`` those that were deleted."""

    session: Session
    endpoint: Endpoint
    state: State
    find: Callable[[], Wanted]
    loaded: dict[str, None] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    is_whole: bool = False

    def __post_init__(self) -> None:
        ways, now = self.session.ways, datetime.now(UTC)
        self.wanted = self._fields()
        self.is_whole = (
            "until" not in self.state
            or self.state.get("fields", {}) != self.wanted.codes  # what is known already has to be told again, with their values
            or any(
                now - datetime.fromisoformat(self.state[moment]) >= pause
                for moment, pause in (("swept_at", ways.sweep_after), ("read_at", ways.longest_gap))
            )
        )
        self.known: MutableMapping[str, str] = self.state.setdefault("known", {})
        self._started = now
        self._listed: set[str] = set()
        self._until = datetime.fromisoformat(self.state["until"]) if "until" in self.state else None
        self._intake = self.session.intake(self.endpoint, self.known)

    def _fields(self) -> Wanted:
        """The custom fields to look at. An account that does not tell its fields has none; one that did before is in trouble."""
        try:
            return self.find()
        except (NotFound, PermissionMissing):
            if self.state.get("fields"):
                raise
            return Wanted({})

    def options(self) -> dict[str, str]:
        """What to ask for: everything, or what changed since the newest change that is known, less an overlap."""
        if self.is_whole or self._until is None:
            return {"sort_by": "id", "sort_direction": "asc"}
        since = self._until - self.session.ways.overlap
        return {"sort_by": "update_time", "sort_direction": "asc", "updated_since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}

    def take_deleted(self, found: Pages) -> None:
        """Note what a list of deleted records names."""
        for _, rows in found:
            self.gone.update(str(head.id) for head in map(_head, rows) if head and head.is_gone)

    def take(self, found: Pages) -> Iterator[Any]:
        """Yield what is new of pages, as dlt items."""
        for reply, rows in found:
            heads = [(row, _head(row)) for row in rows]
            self.gone.update(str(head.id) for _, head in heads if head and head.is_gone)
            living = [(row, head) for row, head in heads if head is None or str(head.id) not in self.gone]
            keys = [str(head.id) for _, head in living if head]
            before = {key: self.known.get(key) for key in keys}
            yield from self._intake.take(reply, [self.wanted.put_into(row) for row, _ in living])
            self._listed.update(keys)
            self.loaded |= {key: None for key in keys if self.known.get(key) != before[key]}
            moments = [moment for _, head in living if head and (moment := _moment(head))]
            self._until = max([*moments, *([self._until] if self._until else [])], default=None)

    def finish(self) -> Iterator[Any]:
        """Take out what is gone, and remember how far this run has come."""
        if self.is_whole:
            self.gone |= self.known.keys() - self._listed
        self.gone &= self.known.keys()
        yield from self._intake.gone([(int(key),) for key in sorted(self.gone, key=int)])
        yield from self._intake.finish()
        forget(self.known, self.gone)
        self.state["fields"] = self.wanted.codes
        self.state["read_at"] = self._started.isoformat()
        if self.is_whole:
            self.state["swept_at"] = self._started.isoformat()
        self.state["until"] = (self._until or datetime(1970, 1, 1)).isoformat()  # noqa: DTZ001 - UTC without offset, as all moments here


def read(session: Session, endpoint: Endpoint, state: State, find: Callable[[], Wanted]) -> Iterator[Any]:
    """Records of one kind: what changed; where it is time, all of them, and those that are missing are taken out."""
    living = Living(session, endpoint, state, find)
    yield from living.take(pages.listing(session.api, endpoint.name, living.options()))
    yield from living.finish()


def forget(known: MutableMapping[str, Any], gone: Iterable[str]) -> None:
    """Let go of what is no longer there."""
    for key in gone:
        known.pop(key, None)


def _head(row: msgspec.Raw) -> _Head | None:
    """Identity and state of a record; None where it cannot be read: it will be set aside, with its reason."""
    try:
        return msgspec.json.decode(row, type=_Head)
    except msgspec.DecodeError:
        return None


def _moment(head: _Head) -> datetime | None:
    try:
        return read_instant(head.update_time) if head.update_time else None
    except (TypeError, ValueError):
        return None
