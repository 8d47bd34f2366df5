"""The Anaplan model as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path

from sandbox.vendors.store import CompanyStore, script


class AnaplanStore(CompanyStore):
    """The plans of every entity that plans in this tenant."""

    def __init__(self, company: Path) -> None:
        super().__init__(company, facts=script(__package__, "feed"), current=script(__package__, "current"))
        found = self._db.execute(
            "select name from source.company.entity where plans = 'anaplan' order by parent_entity_id nulls first, entity_id"
        ).fetchall()
        if not found:
            raise ValueError("The company has no entity that plans in Anaplan.")
        self.names = [str(name) for (name,) in found]

    def csv(self, sql: str) -> bytes:
        """The rows of a query as a file of text cells with a comma between and a line of headers, in UTF-8."""
        with tempfile.TemporaryDirectory() as folder, self.cursor() as cursor:
            path = Path(folder) / "cells.csv"
            cursor.execute(f"copy ({sql}) to '{path}' (format csv, header true)")
            return path.read_bytes()

    def saved(self) -> tuple[int, datetime, date]:
        """How often the model has been saved, when for the last time, and the day up to which it knows."""
        ((serial, saved_at, today),) = self.read("from saved")
        return serial, saved_at, today
