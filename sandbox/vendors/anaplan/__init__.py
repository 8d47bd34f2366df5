"""Anaplan: the authentication service, OAuth 2.0, and the Integration API v2 of one tenant.

What the vendor would know of the simulated company, and what was decided where nobody could say:

- All entities that plan here share one model of one workspace: `Entities` is a list of it, whose item has the entity's name, its key as
  the code and the currency as a property; amounts are in that currency. Two further models are listed: one without access, which
  answers 404, and an archived one, which answers 422.
- A version is what the entities call by one name (`Budget 2026`): it is edited in the months of its year. What the vendor's versions
  cannot tell stands in the module `SYS01 Plan Status`, by version and entity: scenario, fiscal year, the day of creation, and whether
  it is locked. `Actuals` holds drivers only, of months that are over.
- Roll-ups (two of the accounts, and a total of each year) are cells among the others, in exports and in views.
- The serial number of the model counts the moments at which something of it has changed.
- A model that was closed is opened by the first call for its data, which answers 503 until it is open.
- Chunks are cut through a character where one is near. Each page of a read request has the line of headers. Empty cells of a line
  that has others are empty.
- Imports, processes and actions run and change nothing; exports that are ordered meanwhile wait for them.
"""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.anaplan.app import AnaplanApi, connection
from sandbox.vendors.anaplan.data import CHUNK, MOST_CELLS
from sandbox.vendors.anaplan.replies import NAME
from sandbox.vendors.anaplan.store import AnaplanStore
from sandbox.vendors.wire import Vendor, VirtualClock

_STEP = 0.1  # seconds that a task waits and runs, in a sandbox that keeps the vendor's limits


def vendor(
    company: Path,
    clock: VirtualClock,
    *,
    limits: bool = True,
    chunk: int = CHUNK,
    most_cells: int = MOST_CELLS,
    step: float | None = None,
) -> Vendor:
    """An emulator that shows the plans of the entities that share the tenant, as of the clock's horizon.

    ``chunk`` is how many bytes a chunk of a file has, ``most_cells`` how large a view may be that is read at once,
    ``step`` how many seconds of the clock a task waits and runs.
    """
    store = AnaplanStore(company)
    store.move(clock.horizon)
    work = step if step is not None else _STEP if limits else 0.0
    api = AnaplanApi(store, clock, limits=limits, work=work, chunk=chunk, most_cells=most_cells)
    return Vendor(NAME, api.app(), store.move, api.error, {"anaplan_group": connection(store)})


__all__ = ["NAME", "vendor"]
