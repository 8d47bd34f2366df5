"""Xero: Accounting API 2.0 and its identity service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sandbox.vendors.wire import Vendor, VirtualClock
from sandbox.vendors.xero.app import NAME, XeroApi
from sandbox.vendors.xero.from_books import load_books
from sandbox.vendors.xero.store import XeroStore


def vendor_of_books(books: Path, *, limits: bool = True) -> tuple[Vendor, VirtualClock, str]:
    """An emulator that shows a folder of real books as they stood after their last change; with its clock and tenant id."""
    store = XeroStore()
    tenant_id, name, last_change = load_books(books, store)
    clock = VirtualClock(last_change + timedelta(seconds=1))
    store.move(clock.horizon)
    api = XeroApi(store, clock, tenant_id, name, limits=limits)
    return Vendor(NAME, api.app(), store.move, api.error), clock, tenant_id


__all__ = ["NAME", "vendor_of_books"]
