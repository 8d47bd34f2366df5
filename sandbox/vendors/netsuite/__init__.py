"""NetSuite: SuiteQL over REST, with its token endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from sandbox.vendors.netsuite.access import ACCOUNT, CERTIFICATE_ID, CLIENT_ID, Access, PublicKey, new_key
from sandbox.vendors.netsuite.app import NAME, TIME_ZONE, NetSuiteApi
from sandbox.vendors.tables import ShownTables
from sandbox.vendors.wire import Vendor, VirtualClock

_VIEWS = f"set variable time_zone = '{TIME_ZONE}';\n" + files(__package__).joinpath("company.sql").read_text(encoding="utf-8")


def vendor(
    company: Path,
    clock: VirtualClock,
    *,
    limits: bool = True,
    certificates: Mapping[str, PublicKey] | None = None,
    without: frozenset[str] = frozenset(),
    broken: frozenset[str] = frozenset(),
) -> Vendor:
    """An emulator that shows the entity of the company whose books are in NetSuite.

    ``certificates`` are registered beside the one whose private key, made anew at each start, is in the connection's settings;
    ``without`` and ``broken`` are those of :class:`NetSuiteApi`.
    """
    tables = ShownTables(company, NAME, _VIEWS)
    tables.move(clock.horizon)
    private_key, public_key = new_key()
    access = Access(clock.now, {CERTIFICATE_ID: public_key, **(certificates or {})})
    api = NetSuiteApi(tables, clock, access, limits=limits, without=without, broken=broken)
    keys = {
        "system": NAME,
        "entity": tables.entity_name,
        "account_id": ACCOUNT,
        "client_id": CLIENT_ID,
        "certificate_id": CERTIFICATE_ID,
        "private_key": private_key.replace("\n", "\\n"),
        "base_url": f"{{url}}/{NAME}",
    }
    return Vendor(NAME, api.app(), tables.move, api.error, {"netsuite_us": keys})


__all__ = ["NAME", "vendor"]
