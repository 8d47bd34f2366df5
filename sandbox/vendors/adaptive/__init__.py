"""Adaptive Planning: the XML API of one instance, and the tokens of the Workday host before it.

What the vendor would know of the simulated company, and what was decided where nobody could say:

- All companies that plan here share one instance. Each has a level at the top, in its currency, and one below it for each of its departments.
  What belongs to no department lies on the company's level itself. Amounts of a roll-up are told where roll-ups are asked for.
- Accounts of the ledger lie below Revenue and Expenses and are positive where the account's balance usually is. Drivers and targets are
  assumptions, by the dimensions Product, Channel and Seller; a seller's e-mail is an attribute. Targets have a version of their own.
- A version is what the companies call by one name. Its year is what it is planned for (``leftScroll``, ``startPlan``, ``endPlan``), its lock
  ``isLocked``; the day of its creation stands in the description, where people write it. What-ifs are of the type SCENARIO and lie below the
  budget of their year, without a span of their own. ``Actuals`` hold the drivers of months that are over: what was earned is in the books.
- Values of ``accountTypeCode``, ``planBy``, ``balanceType`` and the like are guesses. ``seqNo`` of a tree counts the changes of the instance.
- Keys of messages other than ``error-authentication-failure`` are our own. A version of the API outside 7 to 40 is a 404.
- A call that chooses neither codes nor names gets the three key columns of old, and so does any before v20, with codes as Excel keeps them,
  ``="4000"``; otherwise a dimension has its name alone. ``useIds`` puts ids where codes would be. What has no value of a dimension is Uncategorized.
- A row is a zero row where nothing but zeros and blanks lies in the span; with ``includeZeroRows`` those come that have a value in the
  version at all. Blanks are ``B`` or zeros.
- ``timeRollups="single"`` gives one column for the whole span, ``true`` quarters and years after the months.
- Currencies are changed by the last known rate of each month. ``includeRollups`` is an old name, and warned of.
- All rows of a modelled sheet are page 0 of job 0; other pages are empty.
- A token of the Workday host lives for half an hour. The address that issues it may be called by GET or POST.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.vendors.adaptive.app import AdaptiveApi, connection
from sandbox.vendors.adaptive.replies import NAME
from sandbox.vendors.adaptive.store import AdaptiveStore
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True, public_key: rsa.RSAPublicKey | None = None) -> Vendor:
    """An emulator that shows the plans of the companies that share the instance, as of the clock's horizon.

    ``public_key`` is that of the Workday client that may sign assertions.
    """
    store = AdaptiveStore(company)
    store.move(clock.horizon)
    api = AdaptiveApi(store, clock, limits=limits, public_key=public_key)
    return Vendor(NAME, api.app(), store.move, api.error, {"adaptive_us": connection(store)})


__all__ = ["NAME", "vendor"]
