"""The Marketo instance as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.vendors.salesforce_ids import register
from sandbox.vendors.store import CompanyStore, script


class MarketoStore(CompanyStore):
    """The marketing of every entity that does it in this instance."""

    kinds = {
        "lead": "select person_id, id from person",
        "program": "select campaign_id, id from program",
        "email": "select email_id, id from email",
        "form": "select form_id, id from form",
    }

    def __init__(self, company: Path) -> None:
        super().__init__(company, facts=script(__package__, "feed"), current=script(__package__, "current"))
        found = self._db.execute(
            "select name from source.company.entity where marketing = 'marketo' order by parent_entity_id nulls first, entity_id"
        ).fetchall()
        if not found:
            raise ValueError("The company has no entity whose marketing is Marketo.")
        self.names = [str(name) for (name,) in found]
        register(self._db, "marketing = 'marketo'")

    def one(self, sql: str, values: Sequence[object] = ()) -> dict[str, Any]:
        """The single row of a query that always has one."""
        return self.records(sql, values)[0]
