"""Xero: Accounting API 2.0 and its identity service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN
from sandbox.vendors.wire import Vendor, VirtualClock
from sandbox.vendors.xero.app import NAME, XeroApi
from sandbox.vendors.xero.from_books import load_books
from sandbox.vendors.xero.from_company import load_company
from sandbox.vendors.xero.store import XeroStore


def vendor_of_books(books: Path, *, limits: bool = True) -> tuple[Vendor, VirtualClock]:
    """An emulator that shows a folder of real books as they stood after their last change; with its clock."""
    store = XeroStore()
    tenant_id, name, last_change = load_books(books, store)
    clock = VirtualClock(last_change + timedelta(seconds=1))
    return _vendor(store, clock, tenant_id, name, connection="books", limits=limits), clock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows one entity of the simulated company, as of the clock's horizon."""
    store = XeroStore()
    tenant_id, name = load_company(company, store)
    return _vendor(store, clock, tenant_id, name, connection="xero_uk", limits=limits)


def _vendor(store: XeroStore, clock: VirtualClock, tenant_id: str, name: str, *, connection: str, limits: bool) -> Vendor:
    store.move(clock.horizon)
    api = XeroApi(store, clock, tenant_id, name, limits=limits)
    keys = {
        "system": NAME,
        "entity": name,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": FIRST_REFRESH_TOKEN,
        "tenant_id": tenant_id,
        "base_url": "{url}/xero/api.xro/2.0",
        "token_url": "{url}/xero/connect/token",
    }
    return Vendor(NAME, api.app(), store.move, api.error, {connection: keys})


__all__ = ["NAME", "vendor", "vendor_of_books"]
