"""A small firm whose marketing is Marketo, and a hub that reads its emulator."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import httpx

from sandbox.company import SCHEMA
from sandbox.vendors import marketo
from tests.sandbox.hub import Controls, Hub
from tests.sandbox.serving import serving

CLIENT = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}
RAW = (
    *("lead_partitions", "leads", "activity_types", "activities", "programs", "program_details", "program_tags", "program_costs"),
    *("program_members", "channels", "channel_statuses", "smart_campaigns", "emails"),
)


def write_firm(path: Path) -> Path:
    """Two entities, 40 people, of whom 5 is 6 and 7 is 8 again; two programs, one of which is renamed on 5 July and costs money until 15 July.

    The twin whose id is even is merged, the other one deleted, both by 20 August. Person 1 qualifies on 3 July, 40 comes on 4 July.
    """
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2026, 4, 1)])
        db.execute("""
            insert into company.entity (entity_id, name, currency, crm, marketing, parent_entity_id)
            values ('us', 'Firm Inc.', 'USD', 'salesforce', 'marketo', null), ('jp', 'Firm KK', 'JPY', 'salesforce', 'marketo', 'us');
            insert into company.organization (organization_id, entity_id, name, domain, country, created_at)
            select 'org-' || e, e, 'Buyer ' || e, e || '-buyer.example', upper(e), timestamp '2026-04-01 08:00:00' from unnest(['us', 'jp']) t (e);
            insert into company.person (person_id, organization_id, first_name, last_name, email, created_at)
            select 'per-' || lpad(n::varchar, 3, '0'), 'org-' || if(n % 4 = 0 or n = 7, 'jp', 'us'), 'First' || case n when 6 then 5 when 8 then 7 else n end,
                'Last' || case n when 6 then 5 when 8 then 7 else n end, 'p' || n || '@buyer.example', timestamp '2026-04-01 08:00:00'
            from range(1, 41) r (n);
            insert into company.campaign (campaign_id, entity_id, name, renamed_to, renamed_at, channel, utm_source, utm_medium, utm_campaign,
                start_date, end_date, currency, created_at)
            values ('cmp-w', 'us', 'Webinar', 'Webinar, renamed', timestamp '2026-07-05 10:00:00', 'webinar', 'webinar', 'webinar', 'us-webinar',
                    date '2026-05-01', date '2026-07-15', 'USD', timestamp '2026-04-20 09:00:00'),
                ('cmp-e', 'jp', 'Letters', null, null, 'email', 'newsletter', 'email', 'jp-letters', date '2026-05-01', date '2026-07-30', 'JPY',
                    timestamp '2026-04-20 09:00:00');
            insert into company.lead (lead_id, person_id, entity_id, channel, campaign_id, created_at, mql_at, sql_at)
            select replace(person_id, 'per', 'led'), person_id, organization_id[5:], 'webinar', if(organization_id = 'org-us', 'cmp-w', 'cmp-e'),
                case when person_id = 'per-040' then timestamp '2026-07-04 12:00:00' when person_id = 'per-009' then timestamp '2026-06-20 19:30:00'
                    when person_id between 'per-005' and 'per-008' then timestamp '2026-06-20 12:00:00' + to_hours(person_id[5:]::integer) else timestamp '2026-05-04 12:00:00' + to_days((person_id[5:]::integer % 50)::integer) end,
                case when person_id in ('per-001', 'per-002') then timestamp '2026-07-03 09:00:00' end,
                case when person_id = 'per-002' then timestamp '2026-07-03 12:00:00' end
            from company.person;
            insert into company.campaign_spend
            select 'cmp-w', d::date, 100, 10, 10.4, 'USD', d + interval 30 hour from range(timestamp '2026-05-01', timestamp '2026-07-16', interval 1 day) r (d);
            insert into company.marketing_email
            select 'eml-' || n, 'cmp-e', 'jp', 'Letters #' || n, 'Subject ' || n, timestamp '2026-06-01 08:00:00' + to_days((n * 10)::integer), 8, 7, 3, 1, 1, 1
            from range(0, 5) r (n);
            insert into company.form values ('frm-us', 'us', 'Register', 'https://www.firm.example/register', timestamp '2026-01-01 00:00:00');
            insert into company.touch
            select 'tch-' || person_id, person_id, 'us', 'cmp-w', 'webinar', 'form_submission', 'frm-us', 'https://www.firm.example/register', 'webinar', 'webinar',
                'us-webinar', lead.created_at
            from company.lead where entity_id = 'us';
            insert into company.touch
            select 'tcw-' || person_id, person_id, 'us', 'cmp-w', 'webinar', 'webinar_attended', null, 'https://www.firm.example/', null, null, null,
                timestamp '2026-07-06 15:00:00'
            from company.lead where entity_id = 'us' and person_id < 'per-020';
        """)
        db.execute("use memory; detach firm")
    return path


class Instance(Controls):
    """An emulator by itself, for as long as the ``with`` block lasts."""

    def __init__(self, company: Path, *, limits: bool = False, at: datetime | None = None) -> None:
        super().__init__("", "marketo")
        self._serving = serving(marketo, company, limits=limits, **({"at": at} if at else {}))

    def __enter__(self) -> Self:
        self.url, self.clock = self._serving.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._serving.__exit__(kind, error, trace)

    def caller(self) -> httpx.Client:
        """A client with a living token."""
        answer = httpx.get(f"{self.url}/marketo/identity/oauth/token", params=CLIENT).raise_for_status().json()
        return httpx.Client(
            base_url=f"{self.url}/marketo", headers={"Authorization": f"Bearer {answer['access_token']}"}, timeout=30
        )


class MarketoHub(Hub):
    """A hub that reads one instance."""

    def __init__(self, home: Path, instance: Instance, *lines: str) -> None:
        super().__init__(home, instance.url, {"marketo"}, toml="".join(f"{line}\n" for line in lines))

    def raw(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Raw tables without what differs by load."""
        return self.told("marketo", *(tables or RAW))
