"""Orgs that the tests of Salesforce are about: emulators with options, and a small firm in which things happen on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import httpx

from dlt_sources.connection import Connection, Unavailable
from dlt_sources.http import TokenStore
from dlt_sources.records import Archive
from dlt_sources.salesforce import SalesforceSettings, client, reading, records
from finance_hub import ingestion, warehouse
from sandbox.company import SCHEMA
from sandbox.vendors import salesforce
from sandbox.vendors.wire import Vendor, VirtualClock
from tests.sandbox.hub import Hub

NAME = "salesforce_group"
KEPT_APART = {"extraction", "quarantine", "merges"}
END = "timestamp '2026-06-30 23:59:59'"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
CUSTOM = {
    "entity_field": "Selling_Entity__c",
    "mql_field": "MQL_Date__c",
    "sql_field": "SQL_Date__c",
    "utm_field": "UTM_Campaign__c",
    "term_field": "Term_Months__c",
}
"""The settings that name the org's custom fields, as the sandbox offers them."""
LEADS, LATE_LEADS = 2500, 60


@dataclass(frozen=True)
class Having:
    """The vendor with options of its emulator, as ``serving`` takes it."""

    options: dict[str, Any] = field(default_factory=dict)

    def vendor(self, company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
        return salesforce.vendor(company, clock, limits=limits, **self.options)


def having(**options: Any) -> Any:
    """A stand-in for the vendor's module."""
    return Having(options)


def called(url: str, base: str = "/salesforce") -> httpx.Client:
    """A client with a session of its own; paths are those below the API's version."""
    token = httpx.post(f"{url}/salesforce/services/oauth2/token", data={"grant_type": "client_credentials", **CLIENT}).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return httpx.Client(base_url=f"{url}{base}/services/data/v62.0", headers=headers, timeout=30)


def write_firm(path: Path) -> Path:
    """A firm of 2,500 leads of one second, and of 60 that come four seconds apart on 2 July, of which some are committed late.

    Of its three deals one is deleted on 20 July. Of forty firms that were entered twice some are merged in July.
    """
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2026, 1, 1)])
        db.execute("insert into company.entity (entity_id, name, currency, crm) values ('us', 'Firm Inc.', 'USD', 'salesforce')")
        db.execute(f"""
            insert into company.organization (organization_id, entity_id, name, domain, created_at)
            select 'org-' || n, 'us', 'Buyer, the "first" of ' || n, 'buyer' || n || '.example', timestamp '2026-02-01 08:00:00' from range(1, 41) r (n)
            union all
            select 'org-' || n || '-d', 'us', 'BUYER ' || n, 'buyer' || n || '.example', timestamp '2026-06-05 08:00:00' from range(1, 41) r (n);
            insert into company.person (person_id, organization_id, first_name, last_name, email, created_at)
            select 'per-' || lpad(n::varchar, 6, '0'), 'org-' || (1 + n % 40), 'First' || n, 'Last' || n, 'P' || n || '@buyer.example', timestamp '2026-02-01 08:00:00'
            from range(1, {LEADS + LATE_LEADS + 1}) r (n);
            insert into company.lead (lead_id, person_id, entity_id, channel, created_at)
            select replace(person_id, 'per', 'led'), person_id, 'us', 'direct', case when n <= {LEADS} then timestamp '2026-05-31 23:59:00'
                else timestamp '2026-07-02 10:00:00' + to_seconds(4 * (n - {LEADS})) end
            from (select *, person_id[5:]::integer as n from company.person);
            insert into company.opportunity
                (opportunity_id, entity_id, organization_id, primary_person_id, name, kind, amount, currency, created_at, expected_close_date, updated_at, deleted_at)
            select 'opp-' || n, 'us', 'org-1', 'per-00000' || n, 'Deal ' || n, 'new', 100.10 * n, 'USD', timestamp '2026-03-01 09:00:00' + to_days(n::integer),
                date '2026-08-01', timestamp '2026-03-01 09:00:00' + to_days(n::integer), case n when 3 then timestamp '2026-07-20 08:00:00' end
            from range(1, 4) r (n);
            insert into company.opportunity_stage select opportunity_id, 'qualification', created_at from company.opportunity;
        """)
        db.execute("use memory; detach firm")
    return path


class SalesforceHub(Hub):
    """A hub that reads this emulator alone."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home, url, {"salesforce"})

    def set(self, *lines: str) -> None:
        """Set keys of the connection, in place of those that the sandbox offers."""
        toml = self.home / "hub.toml"
        kept = [
            line for line in toml.read_text().splitlines() if not any(line.startswith(f"{new.split(' ')[0]} ") for new in lines)
        ]
        toml.write_text("\n".join([*kept, *lines, ""]))

    def run(self) -> ingestion.Loaded:
        """Extract and load, and what came of it."""
        found = self.settings
        warehouse.prepare(found)
        return ingestion.load(found, ingestion.extract(found, found.connections[NAME]))

    def rows(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the raw tables hold, as :meth:`Reader.rows` tells it."""
        found = {}
        for table in records.TABLES:
            if table.name in KEPT_APART:
                continue
            columns = [name for name in table.schema().names if name not in {"connection_id", "_page_id"}]
            rows = self.query(f"select {', '.join(columns)} from salesforce.{table.name}")
            found[table.name] = {row[columns.index("id")]: dict(zip(columns, row, strict=True)) for row in rows}
        return found


def let_pass(url: str, **span: float) -> None:
    httpx.post(f"{url}/_sandbox/advance", json=span)


@contextmanager
def misbehaving(url: str, **order: Any) -> Iterator[None]:
    httpx.post(f"{url}/_sandbox/faults", json={"vendor": "salesforce", **order}).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(f"{url}/_sandbox/faults")


def company(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as meridian (read_only); use meridian")
        return db.execute(sql.replace("{ours}", "(select entity_id from company.entity where crm = 'salesforce')")).fetchall()


class Reader:
    """The source without the hub: what it reads of one object, as the raw tables would hold it, key to row."""

    def __init__(self, url: str, folder: Path, **keys: Any) -> None:
        keys = {"base_url": f"{url}/salesforce", **CLIENT, **keys}
        self.folder, self.missing = folder, Unavailable()
        self._connection = Connection(
            "org", SalesforceSettings(**keys), folder / "archive", TokenStore(folder / "tokens", bytes(32))
        )
        self._states: dict[str, dict[str, Any]] = {}
        self.tables: dict[str, dict[str, dict[str, Any]]] = {}

    def set(self, **keys: Any) -> None:
        """Change settings of the connection."""
        old = self._connection
        changed = SalesforceSettings(**{name: getattr(old.settings, name) for name in old.settings.__struct_fields__} | keys)
        self._connection = Connection(old.name, changed, old.archive, old.tokens)

    def read(self, name: str) -> dict[str, int]:
        """Read what is new of one object; how many rows came for each table. What fails leaves all as it was."""
        listing = next(listing for listing in records.LISTINGS if listing.endpoint.name == name)
        state = {**self._states.get(name, {})}
        archive = Archive(self._connection.archive, "salesforce", "org")
        with client(self._connection) as api:
            items = list(reading(self._connection, api, listing, archive, state, self.missing).run())
        counts: dict[str, int] = {}
        for item in items:
            table = item.meta.hints["table_name"]
            rows = self.tables.setdefault(table, {})
            for row in item.data.to_pylist():
                key = next(row[name] for name in ("id", "loser_id", "extraction_id", "quarantine_id") if name in row)
                if row.get("_deleted"):
                    rows.pop(key, None)
                else:
                    rows[key] = row
            counts[table] = counts.get(table, 0) + item.data.num_rows
        self._states[name] = state
        return counts

    def rows(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The tables without what differs by run, and without merges, which the vendor tells for fifteen days."""
        apart = {"_page_id", "connection_id"}
        return {
            table: {key: {name: value for name, value in row.items() if name not in apart} for key, row in rows.items()}
            for table, rows in self.tables.items()
            if table not in KEPT_APART
        }
