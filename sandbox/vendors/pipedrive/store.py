"""The Pipedrive account as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sandbox.vendors.store import CompanyStore, script


class PipedriveStore(CompanyStore):
    """The customer relations of one entity. ``horizon`` is the moment that is shown, in UTC without offset."""

    kinds = {
        "person": "select person_id, id from person",
        "organization": "select organization_id, id from organization",
        "deal": "select opportunity_id, id from opportunity",
        "user": "select employee_id, id from owner",
        "activity": "select touch_id, id from activity",
    }

    def __init__(self, company: Path) -> None:
        super().__init__(company, facts=script(__package__, "feed"), current=script(__package__, "current"))
        found = self._db.execute(
            "select entity_id, name, currency from source.company.entity where crm = 'pipedrive' order by entity_id"
        ).fetchone()
        if found is None:
            raise ValueError("The company has no entity whose customer relations are in Pipedrive.")
        self.key, self.name, self.currency = (str(value) for value in found)
        self.horizon = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without offset, as all moments of the tables
        self._db.execute("set variable entity = ?", [self.key])
        self._db.execute("set variable home_currency = ?", [self.currency])

    def move(self, horizon: datetime) -> None:
        """Show the account as it stands at ``horizon``."""
        self.horizon = horizon.astimezone(UTC).replace(tzinfo=None)
        super().move(horizon)
