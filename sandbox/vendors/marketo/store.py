"""The Marketo instance as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from sandbox.vendors.salesforce_ids import ACCOUNT, CAMPAIGN, CONTACT, LEAD, salesforce_id

_FEED = files(__package__).joinpath("feed.sql").read_text(encoding="utf-8")
_CURRENT = files(__package__).joinpath("current.sql").read_text(encoding="utf-8")
_OURS = "semi join (from source.company.entity where marketing = 'marketo') using (entity_id)"
_CRM_KEYS = {
    LEAD: f"select lead_id from source.company.lead {_OURS}",
    CONTACT: f"select person_id from source.company.person join source.company.organization using (organization_id) {_OURS}",
    ACCOUNT: f"select organization_id from source.company.organization {_OURS}",
    CAMPAIGN: f"select campaign_id from source.company.campaign {_OURS}",
}


class MarketoStore:
    """An in-memory DuckDB: ``feed.sql`` fills it once with every fact of the entities, ``current.sql`` shows those up to a horizon.

    Reads run beside each other, each on its own cursor, and see either the instance before a move or after it, never a mixture.
    """

    def __init__(self, company: Path) -> None:
        self._db = duckdb.connect()
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
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
        self._db.execute(_FEED)
        self._db.execute("detach source")

    def move(self, horizon: datetime) -> None:
        """Show the instance as it stands at ``horizon``."""
        self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])
        self._db.execute("begin")
        try:
            self._db.execute(_CURRENT)
        except duckdb.Error:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def read(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """The rows of a query over the current tables, by name."""
        with self._db.cursor() as cursor:
            answer = cursor.execute(sql, list(values))
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def one(self, sql: str, values: Sequence[object] = ()) -> dict[str, Any]:
        """The single row of a query that always has one."""
        return self.read(sql, values)[0]

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Kind of record -> id in the simulated company -> id in Marketo, as given at creation, before any merge.

        For those who compare what was found with the truth; nothing of it is on the wire.
        """
        kinds = {
            "lead": "select person_id as key, id from person",
            "program": "select campaign_id as key, id from program",
            "email": "select email_id as key, id from email",
            "form": "select form_id as key, id from form",
        }
        return {kind: {str(row["key"]): str(row["id"]) for row in self.read(sql)} for kind, sql in kinds.items()}
