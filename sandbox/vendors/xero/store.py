"""The books that the Xero emulator shows: versions of documents, indexed, and which of them are current at the horizon."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

_LINES = frozenset({"LineItems", "JournalLines", "BudgetLines"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encoder = msgspec.json.Encoder(decimal_format="number")


def ms(moment: datetime) -> str:
    """A timestamp in Xero's form: ``/Date(1539993600000+0000)/``."""
    return f"/Date({(moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)}+0000)/"


def present(**fields: Any) -> dict[str, Any]:
    """A document without its empty fields: Xero omits what is absent."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


@dataclass(frozen=True)
class Version:
    """One state of one document: from ``at`` on it looks like ``body``. ``number`` orders journals, ``name`` sorts lists."""

    resource: str
    id: str
    at: datetime
    body: dict[str, Any]
    updated_at: datetime
    number: int = 0


class XeroStore:
    """Versions in SQLite; ``move`` decides which are visible. One lock serves all threads of the emulator."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._lock = threading.Lock()
        self._db.executescript("""
            create table version (
                resource text, id text, at integer, updated_at integer, number integer,
                status text, type text, contact_id text, day text, body blob, summary blob);
            create index version_of on version (resource, id, at);
        """)

    def add(self, versions: Iterable[Version]) -> None:
        """Take in versions of documents."""
        rows = (
            (
                v.resource,
                v.id,
                _micros(v.at),
                _micros(v.updated_at),
                v.number,
                v.body.get("Status") or v.body.get("ContactStatus"),
                v.body.get("Type"),
                (v.body.get("Contact") or {}).get("ContactID"),
                str(v.body.get("DateString", ""))[:10],
                _json(v.body),
                _json({name: value for name, value in v.body.items() if name not in _LINES}),
            )
            for v in versions
        )
        with self._lock, self._db:
            self._db.executemany("insert into version values (?,?,?,?,?,?,?,?,?,?,?)", rows)

    def move(self, horizon: datetime) -> None:
        """Make the newest version of each document at the horizon the current one."""
        with self._lock, self._db:
            self._db.executescript(f"""
                drop table if exists current;
                create table current as
                    select * from (select *, row_number() over (partition by resource, id order by at desc) as age from version
                                   where at <= {_micros(horizon)}) where age = 1;
                create unique index current_of on current (resource, id);
                create index current_changed on current (resource, updated_at, id);
                create index current_number on current (resource, number);
            """)

    def count(self, resource: str, where: str, values: Sequence[object]) -> int:
        """How many current documents match."""
        with self._lock:
            row = self._db.execute(f"select count(*) from current where resource = ? and {where}", (resource, *values)).fetchone()
        return int(row[0])

    def select(
        self, resource: str, where: str, values: Sequence[object], *, order: str, limit: int, offset: int = 0, whole: bool = True
    ) -> list[bytes]:
        """Bodies of current documents; ``whole`` False leaves lines out."""
        column = "body" if whole else "summary"
        sql = f"select {column} from current where resource = ? and {where} order by {order} limit ? offset ?"
        with self._lock:
            return [row[0] for row in self._db.execute(sql, (resource, *values, limit, offset))]


def _micros(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1_000_000)


def _json(body: dict[str, Any]) -> bytes:
    """Compact JSON with escaped slashes, as Xero writes it."""
    return _encoder.encode(body).replace(b"/", b"\\/")


def decimal(text: str) -> Decimal | None:
    """A number of a table cell; None where the cell is empty."""
    return Decimal(text) if text.strip() else None
