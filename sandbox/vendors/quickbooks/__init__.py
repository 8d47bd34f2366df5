"""QuickBooks Online: Accounting API v3 and Intuit's sign-in."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.quickbooks.app import QuickBooksApi
from sandbox.vendors.quickbooks.store import NAME, CompanyBooks, SampleBooks
from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows one entity of the simulated company as of the clock's horizon, and the sample company in its sandbox."""
    books = CompanyBooks(company)
    books.move(clock.horizon)
    api = QuickBooksApi(books, SampleBooks(), clock, limits=limits)
    keys = {
        "system": NAME,
        "entity": books.name,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "realm_id": books.realm_id,
        "refresh_token": FIRST_REFRESH_TOKEN,
        "base_url": f"{{url}}/{NAME}",
        "token_url": f"{{url}}/{NAME}/oauth2/v1/tokens/bearer",
    }
    return Vendor(NAME, api.app(), books.move, api.error, {f"{NAME}_bf": keys})


__all__ = ["NAME", "vendor"]
