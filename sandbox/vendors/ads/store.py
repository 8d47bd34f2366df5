"""The accounts of one platform as tables: what the company's file tells of them, and how all of it stands at a moment."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

_ACCOUNTS, _FACTS, _CURRENT = (
    files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8") for name in ("accounts", "facts", "current")
)


@dataclass(frozen=True)
class Account:
    """One entity's account with the platform; ``minor_digits`` are the decimals of its currency."""

    id: str
    name: str
    currency: str
    time_zone: str
    minor_digits: int

    def today(self, now: datetime) -> Any:
        """The account's own day."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()


class AdStore:
    """An in-memory DuckDB with the tables ``accounts``, ``campaigns``, ``ad_groups`` and ``report`` (a row for each ad group and day).

    They are made when somebody asks for the first time after a move. Reads run beside each other and see either the state before a
    move or after it.
    """

    def __init__(self, company: Path, platform: str) -> None:
        self._db = duckdb.connect()
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        self._db.execute("set variable platform = ?", [platform])
        self._db.execute(_ACCOUNTS)
        self._lock = threading.Lock()
        self._has_facts = False
        self._stale = True
        found = self._db.execute("select id, name, currency, time_zone, minor_digits from accounts order by id").fetchall()
        self.accounts = {row[0]: Account(*row) for row in found}
        parent = self._db.execute(
            "select name from source.company.entity order by parent_entity_id is not null, entity_id"
        ).fetchone()
        self.group_name = str(parent[0]) if parent else ""

    def window(self) -> dict[str, str]:
        """Settings for a hub that reads them: where the history begins, and how far the sandbox's days may lie ahead of the hub's own."""
        found = self._db.execute("select first_date, as_of_date + horizon_days from source.company.parameter").fetchone()
        if found is None:
            return {}
        ahead = (found[1] - datetime.now(UTC).date()).days + 1
        return {"days_ahead": str(max(1, ahead)), "first_day": found[0].isoformat()}

    def move(self, horizon: datetime) -> None:
        """Show the accounts as they stand at ``horizon``."""
        with self._lock:
            self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])
            self._stale = True

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query over the current tables."""
        with self._lock:
            if self._stale:
                self._remake()
        with self._db.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, list(values)).fetchall()
        return rows

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Kind of record -> id in the simulated company -> id on the platform, for those who compare what was found with the truth."""
        kinds = {"account": "select entity_id, id from accounts", "campaign": "select campaign_key, id from campaign_fact"}
        return {kind: {str(key): str(value) for key, value in self.read(sql)} for kind, sql in kinds.items()}

    def _remake(self) -> None:
        self._db.execute("begin")
        try:
            if not self._has_facts:
                self._db.execute(_FACTS)
            self._db.execute(_CURRENT)
        except duckdb.Error:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")
        self._has_facts, self._stale = True, False
