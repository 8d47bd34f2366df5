"""Marketo Engage: lead database, activities, assets with costs, bulk extracts, and the identity service.

What the vendor would know of the simulated company, and what was decided where nobody could say:

- Leads are the people who became leads, from their first form on, and the people of customers, whom the CRM has as contacts. What
  somebody did before the name was known is in the log under the same id, from its own moment on.
- E-mails: the log holds one entry a recipient, for as many recipients as there were people to carry the simulated counts. Clicks of the
  simulation come first; what is missing to the counts is carried by people of customers, who are in nobody's funnel, then by leads.
- Members of programs come from touches whose tags survived, and from events; receiving an e-mail makes nobody a member.
- A merge takes the loser out of the leads and is told by a "Merge Leads" entry of the winner; what the loser did keeps the loser's id.
- Costs are what was spent in a month, as a whole number, in the currency that everybody knows and the vendor does not.
"""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.marketo.app import NAME, MarketoApi, connection
from sandbox.vendors.marketo.store import MarketoStore
from sandbox.vendors.wire import Vendor, VirtualClock

_MINUTE = 0.1  # seconds, in a sandbox that keeps the vendor's limits


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows the marketing of the entities that share the instance, as of the clock's horizon."""
    store = MarketoStore(company)
    store.move(clock.horizon)
    api = MarketoApi(store, clock, limits=limits, minute=_MINUTE if limits else 0.0)
    return Vendor(NAME, api.app(), store.move, api.error, {"marketo_group": connection(store)})


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this Marketo, for those who score what was found against the truth."""
    return MarketoStore(company).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]
