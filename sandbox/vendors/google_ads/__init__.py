"""Google Ads: the REST API's search and searchStream with its query language, and Google's token endpoint."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.ads import AdStore
from sandbox.vendors.google_ads.app import DEVELOPER_TOKEN, MANAGER_ID, NAME, GoogleAdsApi
from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows what every entity of the group searches and displays, one account each under one manager account."""
    store = AdStore(company, NAME)
    store.move(clock.horizon)
    api = GoogleAdsApi(store, clock, limits=limits)
    keys = {
        "system": NAME,
        "entity": store.group_name,
        "developer_token": DEVELOPER_TOKEN,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": FIRST_REFRESH_TOKEN,
        "login_customer_id": MANAGER_ID,
        "accounts": ", ".join(store.accounts),
        "base_url": f"{{url}}/{NAME}",
        "token_url": f"{{url}}/{NAME}/token",
        **store.window,
    }
    return Vendor(NAME, api.app(), store.move, api.error, {"google_ads_group": keys})


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this account, for those who score what was found against the truth."""
    return AdStore(company, NAME).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]
