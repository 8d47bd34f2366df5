"""PlanGuru: no API, but the workbooks and CSV files that people export, in a folder for each entity that a web server lists as JSON.

What the vendor would know of the simulated company, and what was decided where nobody could say:

- A plan is a workbook: its income statement over all departments, a hidden sheet for each department, and its drivers. It is exported
  when the plan is made, and anew when it is approved or changed; drivers as they really were are a CSV file that is exported anew when a
  month is over, and targets another.
- Each kind of plan has its months in the headings in a way of its own: `Jan 2026`, `Jan-26`, `1/31/2026`, days of Excel, their bare
  numbers, and months under a merged year. Negative amounts are in parentheses where they are text.
- Budgets and scenarios plan insurance and travel by the year: their amount stands in the year's column alone.
- Totals, computed rows, percentages and blank rows are among the others, as in a report that is meant to be read.
"""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.file_server import FileServer
from sandbox.vendors.planguru.store import BY_YEAR, PlanGuruStore
from sandbox.vendors.wire import Vendor, VirtualClock

NAME = "planguru"
ACCESS_TOKEN = "sandbox-planguru-token"


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:  # noqa: ARG001 - a file server has no limits
    """A file server with a folder for each entity that plans in PlanGuru, as of the clock's horizon."""
    store = PlanGuruStore(company)
    store.move(clock.horizon)
    connections = {
        f"{NAME}_{site}": {"system": NAME, "entity": name, "access_token": ACCESS_TOKEN, "base_url": f"{{url}}/{NAME}/{site}"}
        for site, name in store.sites.items()
    }
    return Vendor(NAME, FileServer(store, ACCESS_TOKEN).app(), store.move, FileServer.error, connections)


def write_exports(company: Path, site: str, folder: Path, clock: VirtualClock) -> list[Path]:
    """Write the exports of one entity into a folder, as of the clock's horizon; returns them in order."""
    store = PlanGuruStore(company)
    store.move(clock.horizon)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file in store.files(site):
        path = folder / file.name
        path.write_bytes(store.content(site, file.name) or b"")
        written.append(path)
    return written


__all__ = ["BY_YEAR", "NAME", "vendor", "write_exports"]
