"""The org as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

NAME = "salesforce"
_FEED, _CURRENT = (files(__package__).joinpath(name).read_text(encoding="utf-8") for name in ("feed.sql", "current.sql"))


class SalesforceStore:
    """An in-memory DuckDB: ``feed.sql`` fills it once with every fact of the entities, ``current.sql`` shows those up to a horizon.

    Reads run beside each other, each on its own cursor, and see either the org before a move or after it, never a mixture.
    """

    def __init__(self, company: Path) -> None:
        self._db = duckdb.connect()
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        found = self._db.execute("select name, currency from source.company.entity where crm = ? order by rowid", [NAME]).fetchone()
        if found is None:
            raise ValueError(f"{company.name} has no entity whose customer relations are in {NAME}.")
        self.entity_name, self.currency = str(found[0]), str(found[1])
        self._db.execute("set variable corporate_currency = ?", [self.currency])
        self._db.execute(_FEED)
        self._db.execute("detach source")

    def move(self, horizon: datetime) -> None:
        """Show the org as it stands at ``horizon``."""
        self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])
        self._db.execute("begin")
        try:
            self._db.execute(_CURRENT)
        except duckdb.Error:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query over the current tables."""
        with self._db.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, list(values)).fetchall()
        return rows

    def column(self, sql: str, values: Sequence[object] = ()) -> pa.ChunkedArray:
        """The single column of a query, which pages can be cut from."""
        with self._db.cursor() as cursor:
            return cursor.execute(sql, list(values)).to_arrow_table().column(0)

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Kind of record -> id in the simulated company -> id in the org; nothing of it is on the wire."""
        kinds = {
            "lead": "select person_id, id from lead_fact",
            "contact": "select person_id, id from contact_fact",
            "company": "select organization_id, id from account_fact",
            "deal": "select opportunity_id, id from opportunity_fact",
            "campaign": "select campaign_id, id from campaign_fact",
            "seller": "select employee_id, id from user_fact where employee_id is not null",
        }
        return {kind: {str(key): str(value) for key, value in self.read(sql)} for kind, sql in kinds.items()}
