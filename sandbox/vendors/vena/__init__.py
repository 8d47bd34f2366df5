"""Vena: the public API v1 over the planning model of one entity, and the older login.

What the vendor would know of the simulated company, and what was decided where nobody could say:

- The entity that plans here has a model of its own, in its fiscal year: ``Year`` is that year, and ``Period`` counts from its first
  month. A second model is listed and may not be read: it answers 403.
- A plan is a member of ``Scenario`` in a year: ``Budget``, ``Reforecast Q1``, ``Upside``. What kind it is tells its parent: ``Budgets``,
  ``Forecasts``, ``What-ifs``; ``Actuals`` holds drivers of months that are over, ``Targets`` what is to be reached. When a plan was made and
  that nobody should change it stand in the accounts ``Created On`` (YYYYMMDD) and ``Locked`` (1) below ``Plan Status``.
- An intersection has a member of each dimension: where there is none it is ``No Department``, ``No Period`` and so on. Amounts of the
  ledger's accounts stand twice: in ``Local``, and in ``USD`` at the rate of the day on which the plan was made.
- Names of members are codes, aliases what people read. What a parent does not add has the operator ``~``.
- Pages follow each other by the key of the last intersection, so that a change in between moves none of the others. As CSV or plain text
  the next page is in the header ``Link``. A page of size 0 has its headers alone, and no next page.
- ``filters`` is JSON (``eq``, ``in``, and ``mx`` with ``bottomLevel``): a parent in ``eq`` finds nothing, an unknown member is refused. ``filter`` is
  the model query language, ``dimension('Year':'2026')``, where a parent stands for what is at its bottom.
- 300 calls in five minutes are the most; an answer to more names no time. ``recordsReturned`` does not count the row of headers.
- Jobs run and change nothing; one whose first column is not a number ends with ERROR.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sandbox.vendors.tables import ShownTables
from sandbox.vendors.vena.app import VenaApi, connection
from sandbox.vendors.vena.replies import NAME
from sandbox.vendors.wire import Vendor, VirtualClock

_VIEWS = files(__package__).joinpath("company.sql").read_text(encoding="utf-8")
_WORK = 0.1  # seconds that a job runs, in a sandbox that keeps the vendor's limits


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True, work: float | None = None) -> Vendor:
    """An emulator that shows the plans of the entity that plans in Vena, as of the clock's horizon.

    ``work`` is how many seconds of the clock a job runs.
    """
    tables = ShownTables(company, NAME, _VIEWS)
    tables.move(clock.horizon)
    running = work if work is not None else _WORK if limits else 0.0
    api = VenaApi(tables, clock, limits=limits, work=running)
    return Vendor(NAME, api.app(), tables.move, api.error, {f"vena_{tables.entity_id}": connection(tables)})


__all__ = ["NAME", "vendor"]
