"""Meta: the Graph API's insights of ad accounts, at once and as reports, with their campaigns, ad sets and ads."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.ads import AdStore
from sandbox.vendors.meta_ads.app import NAME, SYSTEM_USER_TOKEN, MetaAdsApi
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows what every entity of the group sponsors there, one ad account each under one system user."""
    store = AdStore(company, NAME)
    store.move(clock.horizon)
    api = MetaAdsApi(store, clock, limits=limits)
    keys = {
        "system": NAME,
        "entity": store.group_name,
        "access_token": SYSTEM_USER_TOKEN,
        "accounts": ", ".join(store.accounts),
        "base_url": f"{{url}}/{NAME}",
        **store.window,
    }
    return Vendor(NAME, api.app(), store.move, api.error, {"meta_ads_group": keys})


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this account, for those who score what was found against the truth."""
    return AdStore(company, NAME).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]
