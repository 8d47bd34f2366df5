"""What an emulator shows, as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import duckdb

from sandbox.database import in_memory


def script(package: str, name: str) -> str:
    """The SQL of a file that lies beside a vendor's modules."""
    return files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")


class CompanyStore:
    """An in-memory DuckDB: ``facts`` fills it once with every fact, ``current`` shows those up to a horizon.

    The tables are made when somebody asks for the first time, and for the first time after a move: a sandbox starts and lets time pass
    for all vendors, few of which are asked. Reads run beside each other, each on its own cursor, and see either the state before a move
    or after it, never a mixture.

    Until they are filled, the company is attached as ``source``; a subclass may ask it, and set variables that its SQL needs.
    """

    kinds: ClassVar[Mapping[str, str]] = {}
    """Kind of record -> a query of pairs: its key in the simulated company, its id on the wire."""

    def __init__(self, company: Path, *, facts: str, current: str) -> None:
        self._db = in_memory()
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        self._facts, self._current = facts, current
        self._making = threading.Lock()
        self._is_filled, self._is_stale = False, False

    def move(self, horizon: datetime) -> None:
        """Show everything as it stands at ``horizon``."""
        with self._making:
            self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])
            self._is_stale = True

    def read(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query over the current tables."""
        with self.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, _given(values)).fetchall()
        return rows

    def records(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of a query over the current tables, by name."""
        with self.cursor() as cursor:
            answer = cursor.execute(sql, list(values))
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Kind of record -> key in the simulated company -> id on the wire, as given at creation, before any merge.

        For those who compare what was found with the truth; nothing of it is on the wire.
        """
        return {kind: {str(key): str(value) for key, value in self.read(sql)} for kind, sql in self.kinds.items()}

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own over the current tables."""
        with self._making:
            if not self._is_filled:
                self._db.execute(self._facts)
                self._db.execute("detach source")
                self._is_filled = True
            if self._is_stale:
                self._remake()
        with self._db.cursor() as cursor:
            yield cursor

    def _remake(self) -> None:
        self._db.execute("begin")
        try:
            self._db.execute(self._current)
        except duckdb.Error:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")
        self._is_stale = False


def _given(values: Sequence[object] | Mapping[str, object]) -> Any:
    return dict(values) if isinstance(values, Mapping) else list(values)
