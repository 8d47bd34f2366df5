"""SAP S/4HANA: finance services of the gateway, OData v2, and the token servers before it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sandbox.vendors.sap.app import NAME, PASSWORD, USERNAME, SapGateway
from sandbox.vendors.sap.query import Books
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
    """An emulator that shows the entity that keeps its books in SAP, as of the clock's horizon."""
    views = "".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in ("company.sql", "wire.sql"))
    books = Books(company, NAME, views)
    books.move(clock.horizon)
    keys = {
        "system": NAME,
        "entity": books.entity_name,
        "username": USERNAME,
        "password": PASSWORD,
        "company_codes": "1010",
        "ledger": "0L",
        "base_url": "{url}/sap/sap/opu/odata/sap",
    }
    gateway = SapGateway(books, clock, limits=limits)
    return Vendor(NAME, gateway.app(), books.move, gateway.error, {f"sap_{books.entity_id}": keys})


__all__ = ["NAME", "vendor"]
