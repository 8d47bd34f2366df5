"""A hub that reads some emulators of a sandbox alone, for the tests of their sources."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import httpx

from dlt_sources.connection import Finding
from finance_hub import ingestion, settings, warehouse
from tests.conftest import connect


class Hub:
    """Extracts and loads; answers questions about the warehouse and about the calls that the vendors had."""

    def __init__(self, home: Path, url: str = "", systems: Collection[str] = (), *, toml: str = "") -> None:
        """Of a sandbox at ``url`` the connections to some systems; without one, the connections of ``toml``."""
        self.url, self.home = url, home
        if url:
            connect(home, url, as_of="2026-06-30", currency="USD", only=systems)
        else:
            home.mkdir(parents=True, exist_ok=True)
            (home / "hub.toml").write_text(f'as_of_date = "2026-06-30"\n{toml}')

    def load(self, *names: str) -> dict[str, int]:
        """Read all connections, or some; rows by table."""
        found = settings.load(self.home)
        warehouse.prepare(found)
        rows: dict[str, int] = {}
        for name, connection in found.connections.items():
            if not names or name in names:
                for table, count in ingestion.load(found, ingestion.extract(found, connection)).rows.items():
                    rows[table] = rows.get(table, 0) + count
        return rows

    def check(self, name: str) -> list[Finding]:
        """What a check of a connection says."""
        return ingestion.check(settings.load(self.home), name)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the warehouse."""
        with warehouse.reading(settings.load(self.home).warehouse) as database:
            return database.execute(sql).fetchall()

    def raw(self, system: str, *tables: str) -> dict[str, list[tuple[object, ...]]]:
        """Tables as the vendor told them, in a settled order."""
        columns = "* exclude (_dlt_load_id, _page_id)"
        return {table: self.query(f"select {columns} from {system}.{table} order by all") for table in tables}

    def calls(self) -> list[dict[str, object]]:
        """The calls since this was asked last."""
        log = httpx.get(f"{self.url}/_sandbox/log").json()
        httpx.delete(f"{self.url}/_sandbox/log")
        return log


def let_pass(url: str, days: float) -> None:
    """Let time pass in a sandbox."""
    httpx.post(f"{url}/_sandbox/advance", json={"days": days})
