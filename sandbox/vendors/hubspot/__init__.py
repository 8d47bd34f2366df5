"""HubSpot: CRM v3 with associations v4, marketing v3, each by date too, forms, and OAuth or a private app's token."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.hubspot.app import NAME, PRIVATE_APP_TOKEN, HubSpotApi
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.wire import Vendor, VirtualClock

ENTITY = "uk"


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows the customer relations and the marketing of one entity, as of the clock's horizon."""
    store = HubSpotStore(company, ENTITY)
    store.move(clock.horizon)
    api = HubSpotApi(store, clock, limits=limits)
    keys = {"system": NAME, "entity": store.name, "access_token": PRIVATE_APP_TOKEN, "base_url": "{url}/hubspot"}
    return Vendor(NAME, api.app(), store.move, api.error, {"hubspot_uk": keys})


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this HubSpot, for those who score what was found against the truth."""
    return HubSpotStore(company, ENTITY).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]
