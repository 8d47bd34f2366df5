"""The accounts of one platform as tables: what the company's file tells of them, and how all of it stands at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.vendors.store import CompanyStore, script


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


class AdStore(CompanyStore):
    """The tables ``accounts``, ``campaigns``, ``ad_groups`` and ``report`` (a row for each ad group and day) of one platform.

    ``window`` are settings for a hub that reads them: where the history begins, and how far the sandbox's days may lie ahead of its own.
    """

    kinds = {"account": "select entity_id, id from accounts", "campaign": "select campaign_key, id from campaign_fact"}

    def __init__(self, company: Path, platform: str) -> None:
        super().__init__(company, facts=script(__package__, "facts"), current=script(__package__, "current"))
        self._db.execute("set variable platform = ?", [platform])
        self._db.execute(script(__package__, "accounts"))
        found = self._db.execute("select id, name, currency, time_zone, minor_digits from accounts order by id").fetchall()
        self.accounts = {row[0]: Account(*row) for row in found}
        parent = self._db.execute(
            "select name from source.company.entity order by parent_entity_id is not null, entity_id"
        ).fetchone()
        self.group_name = str(parent[0]) if parent else ""
        self.window: dict[str, str] = {}
        span = self._db.execute("select first_date, as_of_date + horizon_days from source.company.parameter").fetchone()
        if span:
            ahead = (span[1] - datetime.now(UTC).date()).days + 1
            self.window = {"days_ahead": str(max(1, ahead)), "first_day": span[0].isoformat()}
