"""LinkedIn: ad accounts, campaign groups, campaigns and their analytics, in the dialect of Rest.li 2.0."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.ads import AdStore
from sandbox.vendors.linkedin_ads.app import ACCESS_TOKEN, NAME, LinkedInAdsApi
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows what every entity of the group sponsors there, one ad account each.

    A campaign of the company is a campaign group here, and an ad group of it a campaign, as LinkedIn itself compares them with others.
    """
    store = AdStore(company, NAME)
    store.move(clock.horizon)
    api = LinkedInAdsApi(store, clock, limits=limits)
    keys = {
        "system": NAME,
        "entity": store.group_name,
        "access_token": ACCESS_TOKEN,
        "accounts": ", ".join(store.accounts),
        "base_url": f"{{url}}/{NAME}",
        "token_url": f"{{url}}/{NAME}/oauth/v2/accessToken",
        **store.window,
    }
    return Vendor(NAME, api.app(), store.move, api.error, {"linkedin_ads_group": keys})


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this account, for those who score what was found against the truth."""
    return AdStore(company, NAME).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]
