"""Every system that the hub can read: one entry each. A new source is a folder and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import msgspec

from dlt_sources.database import DatabaseSettings
from dlt_sources.database.records import TABLES as DATABASE_TABLES
from dlt_sources.ecb import TABLES as ECB_TABLES
from dlt_sources.ecb import EcbSettings
from dlt_sources.hubspot import HubSpotSettings
from dlt_sources.hubspot.records import TABLES as HUBSPOT_TABLES
from dlt_sources.records import Table
from dlt_sources.records.intake import EXTRACTION, QUARANTINE
from dlt_sources.xero import XeroSettings
from dlt_sources.xero.records import TABLES as XERO_TABLES


@dataclass(frozen=True)
class System:
    """One vendor's system. ``kind`` is erp, crm, marketing, planning or reference; ``cron`` is when its data is fetched."""

    name: str
    title: str
    kind: str
    tables: tuple[Table, ...]
    settings: type[msgspec.Struct]
    cron: str
    docs: str

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """Its own tables, and the two that every system has: what was set aside, and what each extraction did."""
        return (*self.tables, QUARANTINE, EXTRACTION)

    def module(self) -> ModuleType:
        """The source's package: ``source(connection, unavailable)`` and ``check(connection)``."""
        return import_module(f"dlt_sources.{self.name}")


SYSTEMS: Mapping[str, System] = {
    system.name: system
    for system in (
        System(
            name="xero",
            title="Xero",
            kind="erp",
            tables=XERO_TABLES,
            settings=XeroSettings,
            cron="7 * * * *",
            docs="dlt_sources/xero/README.md",
        ),
        System(
            name="database",
            title="Database (ODBC, JDBC)",
            kind="erp",
            tables=DATABASE_TABLES,
            settings=DatabaseSettings,
            cron="52 * * * *",
            docs="dlt_sources/database/README.md",
        ),
        System(
            name="hubspot",
            title="HubSpot",
            kind="crm",
            tables=HUBSPOT_TABLES,
            settings=HubSpotSettings,
            cron="17 * * * *",
            docs="dlt_sources/hubspot/README.md",
        ),
        System(
            name="ecb",
            title="European Central Bank",
            kind="reference",
            tables=ECB_TABLES,
            settings=EcbSettings,
            cron="27 * * * *",
            docs="dlt_sources/ecb/README.md",
        ),
    )
}
