"""A small firm whose customer relations are in Pipedrive, and a hub that reads its emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import httpx

from sandbox.company import SCHEMA
from sandbox.vendors import pipedrive
from sandbox.vendors.pipedrive.app import API_TOKEN
from tests.sandbox.hub import Controls, Hub
from tests.sandbox.serving import AS_OF, serving

HEADERS = {"x-api-token": API_TOKEN}
RAW = (
    *(
        "deals",
        "deal_products",
        "deal_changes",
        "persons",
        "organizations",
        "activities",
        "pipelines",
        "stages",
        "products",
        "users",
    ),
    *("currencies", "deal_fields", "deal_field_options", "person_fields", "person_field_options"),
)
PEOPLE = 605


def write_firm(path: Path) -> Path:
    """605 people who came at one moment, and one more on 5 July; number 1 qualifies on 3 July. Nine deals, of which

    - 1 was won and 2 was lost, 3 was archived on 3 June and 6 will be on 8 July;
    - 4 moves on 3 July and is won on 20 July; 7 stays open, with a probability of its own;
    - 9 was deleted on 10 May, 8 on 20 June, and 5 will be on 10 July.
    """
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2025, 9, 1)])
        db.execute(f"""
            insert into company.entity (entity_id, name, currency, crm, marketing) values ('bf', 'Firm LLC', 'USD', 'pipedrive', 'mailchimp');
            insert into company.employee (employee_id, entity_id, department_id, first_name, last_name, email, hired_date, left_date, created_at)
            values ('emp-1', 'bf', 'sales', 'Ann', 'Seller', 'Ann@firm.example', date '2025-01-01', null, timestamp '2025-01-01 08:00:00'),
                ('emp-2', 'bf', 'sales', 'Bob', 'Former', 'bob@firm.example', date '2025-02-01', date '2026-03-01', timestamp '2025-02-01 08:00:00');
            insert into company.organization (organization_id, entity_id, name, domain, country, city, street, postal_code, created_at)
            select 'org-' || n, 'bf', 'Buyer ' || n, 'buyer' || n || '.example', 'US', 'Austin', n || ' Mill Street', '0123' || n,
                case n when 1 then timestamp '2025-09-01 08:00:00' else timestamp '2026-07-05 11:00:00' end
            from range(1, 3) r (n);
            insert into company.person (person_id, organization_id, first_name, last_name, email, created_at)
            select 'per-' || lpad(n::varchar, 3, '0'), if(n = {PEOPLE + 1}, 'org-2', 'org-1'), 'First' || n, 'Last' || n, 'P' || n || '@buyer.example',
                timestamp '2025-09-02 08:00:00'
            from range(1, {PEOPLE + 2}) r (n);
            insert into company.lead (lead_id, person_id, entity_id, created_at, mql_at, sql_at)
            select replace(person_id, 'per', 'led'), person_id, 'bf',
                case when organization_id = 'org-2' then timestamp '2026-07-05 12:00:00' else timestamp '2025-09-02 09:00:00.700' end,
                case person_id when 'per-001' then timestamp '2026-07-03 09:00:00' when 'per-002' then timestamp '2025-09-02 15:00:00' end,
                case person_id when 'per-002' then timestamp '2025-09-20 15:00:00' end
            from company.person;
            insert into company.product values ('prd-a', 'SKU-A', 'Forms', 'Per seat', 25, 'USD'), ('prd-b', 'SVC-B', 'Onboarding', 'Per hour', 180, 'USD');
            insert into company.opportunity
            select 'opp-' || n, 'bf', 'org-1', 'per-' || lpad(n::varchar, 3, '0'), 'emp-' || (1 + n % 2), 'Deal ' || n, ['new', 'expansion', 'renewal'][1 + n % 3],
                100.25 * n, 'USD', timestamp '2025-10-01 09:00:00' + to_days(n::integer), date '2026-09-30',
                case when n in (1, 4) then 'won' when n = 7 then null else 'lost' end,
                case n when 3 then timestamp '2025-11-15 10:00:00' when 4 then timestamp '2026-07-20 10:00:00' when 6 then timestamp '2025-12-20 10:00:00'
                    when 7 then null else timestamp '2026-04-01 10:00:00' end,
                case n when 3 then timestamp '2025-11-15 10:00:00' when 4 then timestamp '2026-07-20 10:00:00' when 6 then timestamp '2025-12-20 10:00:00'
                    when 7 then timestamp '2025-10-08 09:00:00' else timestamp '2026-04-01 10:00:00' end,
                case n when 5 then timestamp '2026-07-10 08:00:00' when 8 then timestamp '2026-06-20 08:00:00' when 9 then timestamp '2026-05-10 08:00:00' end
            from range(1, 10) r (n);
            insert into company.opportunity_stage
            select opportunity_id, 'qualification', created_at from company.opportunity
            union all select opportunity_id, 'discovery', case opportunity_id when 'opp-4' then timestamp '2026-07-03 10:00:00' else created_at + interval 5 day end
            from company.opportunity where opportunity_id <> 'opp-2'
            union all select 'opp-1', 'negotiation', timestamp '2026-03-01 10:00:00'
            union all select opportunity_id, 'closed' || outcome, closed_at from company.opportunity where closed_at is not null;
            insert into company.opportunity_line
            select 'oln-' || opportunity_id || '-a', opportunity_id, 'prd-a', 3, 20.1, 12.5, 12, 633.15 from company.opportunity
            union all select 'oln-' || opportunity_id || '-b', opportunity_id, 'prd-b', 8, 180, 0, 0, 1440 from company.opportunity where opportunity_id in ('opp-1', 'opp-5');
            insert into company.touch (touch_id, person_id, entity_id, channel, touch_type, occurred_at)
            values ('tch-1', 'per-001', 'bf', 'direct', 'call', timestamp '2025-10-20 14:30:15'), ('tch-2', 'per-001', 'bf', 'direct', 'meeting', timestamp '2026-07-06 15:00:00'),
                ('tch-3', 'per-300', 'bf', 'direct', 'meeting', timestamp '2026-01-06 15:00:00'), ('tch-4', 'per-300', 'bf', 'direct', 'visit', timestamp '2026-01-06 15:00:00');
        """)
        db.execute("use memory; detach firm")
    return path


class Instance(Controls):
    """An emulator by itself; ``api`` is what answers."""

    def __init__(self, url: str, api: Any) -> None:
        super().__init__(url, "pipedrive")
        self.api = api

    def caller(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """A client with an API token, or what is given in its place."""
        return httpx.Client(base_url=f"{self.url}/pipedrive", headers=HEADERS if headers is None else headers, timeout=30)

    def calls(self) -> list[str]:
        """Path and query of the calls since this was asked last."""
        return [f"{call['path'].removeprefix('/pipedrive/api/')}?{call['query']}" for call in self.log()]


@contextmanager
def emulator(company: Path, *, limits: bool = False, at: datetime = AS_OF) -> Iterator[Instance]:
    """The emulator as a server of this process, for as long as the ``with`` block lasts."""
    made: list[Any] = []

    def vendor(company: Path, clock: Any, *, limits: bool) -> Any:
        vendor = pipedrive.vendor(company, clock, limits=limits)
        made.append(vendor.error.__self__)  # type: ignore[attr-defined]
        return vendor

    with serving(SimpleNamespace(vendor=vendor), company, at=at, limits=limits) as (url, _):  # type: ignore[arg-type]
        yield Instance(url, made[0])


class PipedriveHub(Hub):
    """A hub that reads one instance."""

    def __init__(self, home: Path, instance: Instance, *lines: str) -> None:
        super().__init__(home, instance.url, {"pipedrive"}, toml="".join(f"{line}\n" for line in lines))

    def raw(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Raw tables without what differs by load."""
        return self.told("pipedrive", *(tables or RAW))
