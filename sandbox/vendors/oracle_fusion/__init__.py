"""Oracle Fusion Cloud Financials: the REST API of the pod, its identity domain, and BICC's extracts."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from pathlib import Path

from sandbox.vendors.oracle_fusion.app import FusionApi
from sandbox.vendors.oracle_fusion.extracts import ObjectStore, write_extract
from sandbox.vendors.oracle_fusion.identity import PASSWORD, SCOPE, USERNAME
from sandbox.vendors.tables import ShownTables
from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET
from sandbox.vendors.wire import Vendor, VirtualClock

NAME = "oracle_fusion"
_VIEWS = files(__package__).joinpath("company.sql").read_text(encoding="utf-8")
_DESCRIBED = ("account", "cost_center", "product", "campaign", "intercompany")


def books(company: Path, horizon: datetime) -> ShownTables:
    """The tables of the entity that keeps its books in Oracle; :func:`write_extract` makes extracts of them."""
    tables = ShownTables(company, NAME, _VIEWS)
    tables.move(horizon)
    return tables


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:  # noqa: ARG001 - Fusion publishes no call limits
    """An emulator that shows the entity that keeps its books in Oracle, as of the clock's horizon."""
    tables = books(company, clock.horizon)
    api = FusionApi(tables, clock)
    keys = {
        "system": NAME,
        "entity": tables.entity_name,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "ledger": str(tables.value("ledger_name()")),
        "scope": SCOPE,
        "value_sets": ", ".join(f"{role}=MERIDIAN_{role.upper()}" for role in _DESCRIBED),
        "base_url": "{url}/oracle_fusion/fscmRestApi/resources/11.13.18.05",
        "token_url": "{url}/oracle_fusion/oauth2/v1/token",
    }
    routes = ObjectStore(tables, clock).routes()
    return Vendor(NAME, api.app(routes), tables.move, api.error, {f"{NAME}_{tables.entity_id}": keys})


__all__ = ["NAME", "PASSWORD", "USERNAME", "books", "vendor", "write_extract"]
