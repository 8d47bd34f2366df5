"""What one entity's system shows, as tables at a horizon: views over the company's records, made into tables when time moves.

A vendor's own SQL creates views in the schema ``wire``, on the schema ``known`` that ``known.sql`` describes; each becomes a table of
the same name, which the emulator queries.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from sandbox.database import in_memory

Row = dict[str, Any]
_KNOWN = files(__package__).joinpath("known.sql").read_text(encoding="utf-8")


class ShownTables:
    """The tables of the entity that keeps its books in ``system``; empty until the first ``move``.

    Tables are made when somebody asks for the first time after a move: time passes for all vendors, few of which are asked each time.
    """

    def __init__(self, company: Path, system: str, views: str) -> None:
        self._db = in_memory()
        self._moving = threading.Lock()
        self._stale = False
        self.made = 0
        """How often the tables were made: what was found in them holds for one of these times."""
        self._db.execute(f"attach '{company}' as meridian (read_only)")
        keeper = self._db.execute("select entity_id, name from meridian.company.entity where books = $1 or plans = $1", [system])
        self.entity_id, self.entity_name = keeper.fetchall()[0]
        self._db.execute("set variable entity = ?", [self.entity_id])
        self._db.execute("set variable horizon = timestamp '1970-01-01'")
        self._db.execute(_KNOWN)
        self._db.execute(views)

    def move(self, horizon: datetime) -> None:
        """Show the books as they stand at the horizon."""
        with self._moving:
            self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])
            self._stale = True

    def _remake(self) -> None:
        with self._moving:
            if not self._stale:
                return
            views = self._db.execute("select view_name from duckdb_views() where schema_name = 'wire' order by view_oid").fetchall()
            self._db.begin()
            for (name,) in views:
                self._db.execute(f'create or replace table main."{name}" as from wire."{name}"')
            self._db.commit()
            self.made += 1
            self._stale = False

    def value(self, expression: str) -> object:
        """What a macro of the vendor's SQL gives; makes no tables."""
        with self._moving:
            return self._db.execute(f"select {expression}").fetchall()[0][0]

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows of a query as dictionaries, in a cursor of its own: many callers may ask at once."""
        with self.cursor() as cursor:
            answer = cursor.execute(sql, values)
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def one(self, sql: str, values: Sequence[object] = ()) -> Row:
        """The only row of a query."""
        return self.rows(sql, values)[0]

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor for queries of the vendor's own language, or for answers in Arrow; the caller closes it."""
        if self._stale:
            self._remake()
        return self._db.cursor()


__all__ = ["Row", "ShownTables"]
