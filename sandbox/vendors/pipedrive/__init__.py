"""Pipedrive: version 2 of the API with cursors, what of version 1 is still needed, and OAuth or a person's own token.

What the vendor would know of the simulated company, and what was decided where nobody could say:

- Persons are leads, from their first form on, and whoever has a deal; the days of MQL and SQL are custom fields of theirs.
- A deal that was won or lost keeps its last stage; that it was closed is told by its status. The kind of a deal is a custom field.
- An open deal in seven has a probability of its own; the others have that of their stage, which the vendor does not repeat in them.
- A third of the deals is archived two hundred days after they were closed; archiving counts as a change.
- Meetings and calls of the simulation are activities that are done; visits, forms and campaigns are not Pipedrive's.
- Duplicates stay as they are: nobody merges them here.
"""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.pipedrive.app import NAME, PipedriveApi, connection
from sandbox.vendors.pipedrive.store import PipedriveStore
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows the customer relations of one entity, as of the clock's horizon."""
    store = PipedriveStore(company)
    store.move(clock.horizon)
    api = PipedriveApi(store, clock, limits=limits)
    return Vendor(NAME, api.app(), store.move, api.error, {f"pipedrive_{store.key}": connection(store)})


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this Pipedrive, for those who score what was found against the truth."""
    return PipedriveStore(company).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]
