"""The Marketo instance as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.vendors.salesforce_ids import ACCOUNT, CAMPAIGN, CONTACT, LEAD, salesforce_id
from sandbox.vendors.store import CompanyStore, script

_OURS = "semi join (from source.company.entity where marketing = 'marketo') using (entity_id)"
_CRM_KEYS = {
    LEAD: f"select lead_id from source.company.lead {_OURS}",
    CONTACT: f"select person_id from source.company.person join source.company.organization using (organization_id) {_OURS}",
    ACCOUNT: f"select organization_id from source.company.organization {_OURS}",
    CAMPAIGN: f"select campaign_id from source.company.campaign {_OURS}",
}


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
        rows = [
            (prefix, key, salesforce_id(prefix, key))
            for prefix, sql in _CRM_KEYS.items()
            for (key,) in self._db.execute(sql).fetchall()
        ]
        columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
        ids = "select unnest($1::varchar[]) as prefix, unnest($2::varchar[]) as key, unnest($3::varchar[]) as id"
        self._db.execute(f"create table crm as {ids}", columns)

    def records(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of a query over the current tables, by name."""
        with self.cursor() as cursor:
            answer = cursor.execute(sql, list(values))
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def one(self, sql: str, values: Sequence[object] = ()) -> dict[str, Any]:
        """The single row of a query that always has one."""
        return self.records(sql, values)[0]
