"""A hub that reads some emulators of a sandbox alone, for the tests of their sources; and what a sandbox lets be done to it."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx

from dlt_sources.connection import Finding
from finance_hub import ingestion, settings, warehouse
from finance_hub.settings import Settings
from tests.conftest import connect


class Controls:
    """The controls of a sandbox: time, misbehaviour, and the log of calls."""

    def __init__(self, url: str, vendor: str = "") -> None:
        self.url, self.vendor = url, vendor

    def advance(self, days: float) -> None:
        """Let time pass."""
        httpx.post(f"{self.url}/_sandbox/advance", json={"days": days}).raise_for_status()

    def fault(self, **order: object) -> None:
        """Script a misbehaviour of the vendor."""
        httpx.post(f"{self.url}/_sandbox/faults", json={"vendor": self.vendor, **order}).raise_for_status()

    def log(self) -> list[dict[str, Any]]:
        """The calls since this was asked last."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/_sandbox/log").json()
        httpx.delete(f"{self.url}/_sandbox/log")
        return found


class Hub:
    """Extracts and loads what the settings of a home connect; answers questions about the warehouse."""

    def __init__(self, home: Path, url: str = "", systems: Collection[str] = (), *, toml: str = "") -> None:
        """Of a sandbox at ``url`` the connections to some systems, if there is one; ``toml`` are further lines of the settings."""
        self.url, self.home = url, home
        if url:
            connect(home, url, as_of="2026-06-30", currency="USD", only=systems)
        else:
            home.mkdir(parents=True, exist_ok=True)
            (home / "hub.toml").write_text('as_of_date = "2026-06-30"\n')
        with (home / "hub.toml").open("a") as file:
            file.write(toml)

    @property
    def settings(self) -> Settings:
        return settings.load(self.home)

    def load(self, *names: str) -> dict[str, int]:
        """Read all connections, or some; rows by table."""
        found = self.settings
        warehouse.prepare(found)
        rows: dict[str, int] = {}
        for name, connection in found.connections.items():
            if not names or name in names:
                for table, count in ingestion.load(found, ingestion.extract(found, connection)).rows.items():
                    rows[table] = rows.get(table, 0) + count
        return rows

    def check(self, name: str) -> list[Finding]:
        """What a check of a connection says."""
        return ingestion.check(self.settings, name)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with warehouse.reading(self.settings.warehouse) as database:
            return database.execute(sql).fetchall()

    def told(self, system: str, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Raw tables as the vendor told them, in a settled order."""
        columns = "* exclude (_dlt_load_id, _page_id)"
        return {table: self.query(f"select {columns} from {system}.{table} order by all") for table in tables}

    def calls(self) -> list[dict[str, Any]]:
        """The calls since this was asked last."""
        return Controls(self.url).log()


class SystemHub(Hub):
    """A hub that reads one system; ``keys`` are further lines of its settings."""

    SYSTEM: ClassVar[str]
    TABLES: ClassVar[Sequence[str]]

    def __init__(self, home: Path, url: str, *keys: str) -> None:
        super().__init__(home, url, {self.SYSTEM}, toml="".join(f"{key}\n" for key in keys))

    @classmethod
    def copied(cls, other: Self, home: Path, url: str, *keys: str) -> Self:
        """A hub that has read what ``other`` has, and goes on with another emulator of the same firm."""
        shutil.copytree(other.home, home, dirs_exist_ok=True)
        return cls(home, url, *keys)

    def raw(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Raw tables of the system, all or some, as the vendor told them."""
        return self.told(self.SYSTEM, *(tables or self.TABLES))


def let_pass(url: str, days: float) -> None:
    """Let time pass in a sandbox."""
    Controls(url).advance(days)
