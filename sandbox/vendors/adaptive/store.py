"""The planning instance as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.vendors.store import CompanyStore, script


class AdaptiveStore(CompanyStore):
    """The plans of every entity that plans in this instance."""

    def __init__(self, company: Path) -> None:
        super().__init__(company, facts=script(__package__, "feed"), current=script(__package__, "current"))
        found = self._db.execute(
            "select name from source.company.entity where plans = 'adaptive' order by parent_entity_id nulls first, entity_id"
        ).fetchall()
        if not found:
            raise ValueError("The company has no entity that plans in Adaptive Planning.")
        self.names = [str(name) for (name,) in found]

    def records(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of a query over the current tables, by name."""
        with self.cursor() as cursor:
            answer = cursor.execute(sql, list(values))
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def changes(self) -> int:
        """How often something of the instance has changed."""
        ((count,),) = self.read("select changes from saved")
        return int(count)
