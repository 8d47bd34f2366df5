"""HubSpot: CRM v3, associations v4, marketing v3 and forms of one account."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.hubspot.app import ACCESS_TOKEN, NAME, HubSpotApi
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.wire import Vendor, VirtualClock

ENTITY = "uk"


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows the customer relations and the marketing of one entity, as of the clock's horizon."""
    store = HubSpotStore(company, entity=ENTITY)
    store.move(clock.horizon)
    api = HubSpotApi(store, clock, limits=limits)
    keys = {
        "system": NAME,
        "entity": store.name,
        "access_token": ACCESS_TOKEN,
        "base_url": "{url}/hubspot",
        "token_url": "{url}/hubspot/oauth/v1/token",
    }
    return Vendor(NAME, api.app(), store.move, api.error, {"hubspot_uk": keys})


__all__ = ["NAME", "vendor"]
