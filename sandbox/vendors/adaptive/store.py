"""The planning instance as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

from pathlib import Path

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

    def changes(self) -> int:
        """How often something of the instance has changed."""
        ((count,),) = self.read("select changes from saved")
        return int(count)
