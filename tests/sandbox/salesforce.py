"""Orgs that the tests of Salesforce are about: emulators with options, and a small firm in which things happen on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import httpx

from sandbox.company import SCHEMA
from sandbox.vendors import salesforce
from sandbox.vendors.wire import Vendor, VirtualClock

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
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
