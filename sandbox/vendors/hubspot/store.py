"""The HubSpot account as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.vendors.store import CompanyStore, script


class HubSpotStore(CompanyStore):
    """The customer relations and the marketing of one entity."""

    kinds = {
        "contact": "select person_id, id from contact",
        "company": "select organization_id, id from company",
        "deal": "select opportunity_id, id from opportunity",
        "campaign": "select campaign_id, guid from campaign",
    }

    def __init__(self, company: Path, entity: str) -> None:
        super().__init__(company, facts=script(__package__, "feed"), current=script(__package__, "current"))
        found = self._db.execute("select name, currency from source.company.entity where entity_id = ?", [entity]).fetchone()
        if found is None:
            raise ValueError(f"The company has no entity {entity!r}.")
        self.name, self.currency = str(found[0]), str(found[1])
        self._db.execute("set variable entity = ?", [entity])
        self._db.execute("set variable home_currency = ?", [self.currency])

    def one(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> tuple[Any, ...]:
        """The single row of a query that always has one."""
        return self.read(sql, values)[0]
