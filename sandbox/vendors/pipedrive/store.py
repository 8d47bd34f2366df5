"""The Pipedrive account as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

_FEED = files(__package__).joinpath("feed.sql").read_text(encoding="utf-8")
_CURRENT = files(__package__).joinpath("current.sql").read_text(encoding="utf-8")


class PipedriveStore:
    """An in-memory DuckDB: ``feed.sql`` fills it once with every fact of the entity, ``current.sql`` shows those up to a horizon.

    Reads run beside each other, each on its own cursor, and see either the account before a move or after it, never a mixture.
    """

    def __init__(self, company: Path) -> None:
        self._db = duckdb.connect()
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        found = self._db.execute(
            "select entity_id, name, currency from source.company.entity where crm = 'pipedrive' order by entity_id"
        ).fetchone()
        if found is None:
            raise ValueError("The company has no entity whose customer relations are in Pipedrive.")
        entity, self.name, self.currency = (str(value) for value in found)
        self.key = entity
        self.horizon = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without offset, as all moments of the tables
        self._db.execute("set variable entity = ?", [entity])
        self._db.execute("set variable home_currency = ?", [self.currency])
        self._db.execute(_FEED)
        self._db.execute("detach source")

    def move(self, horizon: datetime) -> None:
        """Show the account as it stands at ``horizon``."""
        self.horizon = horizon.astimezone(UTC).replace(tzinfo=None)
        self._db.execute("set variable horizon = ?", [self.horizon])
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

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Kind of record -> id in the simulated company -> id in Pipedrive.

        For those who compare what was found with the truth; nothing of it is on the wire.
        """
        kinds = {
            "person": "select person_id, id from person",
            "organization": "select organization_id, id from organization",
            "deal": "select opportunity_id, id from opportunity",
            "user": "select employee_id, id from owner",
            "activity": "select touch_id, id from activity",
        }
        return {kind: {str(key): str(value) for key, value in self.read(sql)} for kind, sql in kinds.items()}
