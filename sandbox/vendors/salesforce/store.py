"""The org as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from sandbox.vendors.salesforce_ids import register
from sandbox.vendors.store import CompanyStore, script

NAME = "salesforce"


class SalesforceStore(CompanyStore):
    """The customer relations of every entity that keeps them in this org."""

    kinds = {
        "lead": "select person_id, id from lead_fact",
        "contact": "select person_id, id from contact_fact",
        "company": "select organization_id, id from account_fact",
        "deal": "select opportunity_id, id from opportunity_fact",
        "campaign": "select campaign_id, id from campaign_fact",
        "seller": "select employee_id, id from user_fact where employee_id is not null",
    }

    def __init__(self, company: Path) -> None:
        super().__init__(company, facts=script(__package__, "feed"), current=script(__package__, "current"))
        found = self._db.execute("select name, currency from source.company.entity where crm = ? order by rowid", [NAME]).fetchone()
        if found is None:
            raise ValueError(f"{company.name} has no entity whose customer relations are in {NAME}.")
        self.entity_name, self.currency = str(found[0]), str(found[1])
        self._db.execute("set variable corporate_currency = ?", [self.currency])
        register(self._db, f"crm = '{NAME}'")

    def column(self, sql: str, values: Sequence[object] = ()) -> pa.ChunkedArray:
        """The single column of a query, which pages can be cut from."""
        with self.cursor() as cursor:
            return cursor.execute(sql, list(values)).to_arrow_table().column(0)
