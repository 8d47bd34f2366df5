"""A small firm that does its marketing with Mailchimp, and a hub that reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import httpx

from finance_hub import ingestion, warehouse
from sandbox.company import SCHEMA
from sandbox.vendors.mailchimp.app import API_KEY
from tests.sandbox.hub import Controls, SystemHub

HORIZON = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
NAME = "mailchimp_bf"
TABLES = (
    "lists",
    "members",
    "campaigns",
    "reports",
    "report_email_activity",
    "report_click_details",
    "report_unsubscribes",
    "stores",
    "orders",
    "order_lines",
    "automations",
)


def write_firm(path: Path, *, people: int = 300, at_once: bool = False) -> Path:
    """``people`` became leads, one every day up to June, or all ``at_once``; the last comes in July. Of five weekly mailings of one
    campaign, which is renamed on 6 July, three are sent by June; people leave by each. Number 1 clicks the second and buys two days
    later, pays in July and gets a part back; number 2 clicks in July; number 3 renews, which is no order.
    """
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2025, 1, 1)])
        born = (
            "timestamp '2026-05-31 12:00:00'" if at_once else f"timestamp '2026-06-28 12:00:00' - to_days(({people} - n)::integer)"
        )
        db.execute(f"""
            insert into company.entity (entity_id, name, currency, marketing) values ('bf', 'BrightForms LLC', 'USD', 'mailchimp');
            insert into company.organization (organization_id, entity_id, name, domain, created_at)
            select 'org-' || n, 'bf', 'Firm ' || n, 'firm' || n || '.example', timestamp '2025-01-01' from range(1, 4) r (n);
            insert into company.person (person_id, organization_id, first_name, last_name, email, created_at)
            select 'per-' || lpad(n::varchar, 6, '0'), 'org-' || least(n, 3), 'First' || n, 'Ünlü' || n, 'P' || n || '@firm.example',
                timestamp '2025-01-01 08:00:00'
            from range(1, {people} + 1) r (n);
            insert into company.lead (lead_id, person_id, entity_id, created_at, mql_at)
            select 'led-' || n, 'per-' || lpad(n::varchar, 6, '0'), 'bf',
                case when n = {people} then timestamp '2026-07-03 12:00:00' else {born} end,
                case n when 4 then timestamp '2026-07-02 10:00:00' end
            from range(1, {people} + 1) r (n);
            insert into company.campaign
                (campaign_id, entity_id, name, renamed_to, renamed_at, channel, utm_source, utm_medium, utm_campaign, start_date, end_date, created_at)
            values ('cmp-1', 'bf', 'Spring', 'Early Summer', timestamp '2026-07-06 09:00:00', 'email', 'newsletter', 'email', 'BF-Spring',
                date '2026-06-08', date '2026-07-06', timestamp '2026-05-25 09:00:00');
            insert into company.marketing_email
            select 'eml-' || n, 'cmp-1', 'bf', 'Spring #' || n, 'Subject ' || n, timestamp '2026-06-01 08:00:00' + to_days((7 * n)::integer),
                40, 38, 12, 4, 2, 2
            from range(1, 6) r (n);
            insert into company.touch
                (touch_id, person_id, entity_id, campaign_id, channel, touch_type, landing_page, utm_source, utm_medium, utm_campaign, occurred_at)
            values
                ('t1', 'per-000001', 'bf', 'cmp-1', 'email', 'email_click', 'https://firm.example/a', 'newsletter', 'email', 'bf-spring', timestamp '2026-06-16 09:30:00'),
                ('t2', 'per-000002', 'bf', 'cmp-1', 'email', 'email_click', 'https://firm.example/b', null, null, null, timestamp '2026-07-08 09:30:00'),
                ('t3', 'per-000005', 'bf', null, 'direct', 'visit', 'https://firm.example/', null, null, null, timestamp '2026-06-16 09:30:00');
            insert into company.product values ('prd-form', 'BF-FORMS', 'BrightForms', 'Forms', 25, 'USD');
            insert into company.customer (customer_id, entity_id, organization_id, billing_name, created_at)
            values ('cus-1', 'bf', 'org-1', 'Firm 1', timestamp '2026-06-18'), ('cus-3', 'bf', 'org-3', 'Firm 3', timestamp '2025-06-18');
            insert into company.subscription (subscription_id, customer_id, entity_id, product_id, quantity, unit_price, currency, billing_months, start_date, end_date)
            values
                ('sub-1', 'cus-1', 'bf', 'prd-form', 5, 25, 'USD', 1, date '2026-06-18', date '2027-06-17'),
                ('sub-3', 'cus-3', 'bf', 'prd-form', 5, 25, 'USD', 12, date '2025-06-18', date '2026-06-17'),
                ('sub-3b', 'cus-3', 'bf', 'prd-form', 5, 26, 'USD', 12, date '2026-06-18', date '2027-06-17');
            insert into company.document (document_id, entity_id, kind, number, customer_id, issue_date, currency, fx_rate, subtotal, tax, total, recorded_at, credits_document_id)
            values
                ('inv-1', 'bf', 'sale', 'INV-1', 'cus-1', date '2026-06-18', 'USD', 1, 125.10, 9.07, 134.17, timestamp '2026-06-18 10:00:00', null),
                ('inv-2', 'bf', 'sale', 'INV-2', 'cus-1', date '2026-07-18', 'USD', 1, 125, 0, 125, timestamp '2026-07-18 10:00:00', null),
                ('inv-3', 'bf', 'sale', 'INV-3', 'cus-3', date '2026-06-18', 'USD', 1, 1560, 0, 1560, timestamp '2026-06-18 10:00:00', null),
                ('crn-1', 'bf', 'sale_credit', 'CRN-1', 'cus-1', date '2026-07-15', 'USD', 1, 20, 0, 20, timestamp '2026-07-15 10:00:00', 'inv-1');
            insert into company.document_line (document_line_id, document_id, line_number, product_id, quantity, net_amount, tax_amount, service_start_date)
            values
                ('inv-1-1', 'inv-1', 1, 'prd-form', 5, 125.10, 9.07, date '2026-06-18'),
                ('inv-2-1', 'inv-2', 1, 'prd-form', 5, 125, 0, date '2026-07-18'),
                ('inv-3-1', 'inv-3', 1, 'prd-form', 5, 1560, 0, date '2026-06-18');
            insert into company.payment (payment_id, entity_id, document_id, payment_date, amount_txn, currency, recorded_at)
            values
                ('pay-1', 'bf', 'inv-1', date '2026-07-02', 134.17, 'USD', timestamp '2026-07-02 15:00:00'),
                ('pay-2', 'bf', 'crn-1', date '2026-07-16', 20, 'USD', timestamp '2026-07-16 15:00:00');
        """)
        db.execute("use memory; detach firm")
    return path


class MailchimpHub(SystemHub):
    """A hub that reads one Mailchimp account."""

    SYSTEM, TABLES = "mailchimp", TABLES

    def set(self, *keys: str) -> None:
        with (self.home / "hub.toml").open("a") as file:
            file.writelines(f"{key}\n" for key in keys)

    def run(self) -> ingestion.Loaded:
        found = self.settings
        warehouse.prepare(found)
        return ingestion.load(found, ingestion.extract(found, found.connections[NAME]))


def calls(url: str) -> list[str]:
    """The paths that were asked for since the last time."""
    return [call["path"].partition("/3.0")[2] for call in Controls(url).log()]


def let_pass(url: str, until: datetime, now: datetime = HORIZON) -> datetime:
    httpx.post(f"{url}/_sandbox/advance", json={"seconds": (until - now).total_seconds()}).raise_for_status()
    return until


def called(url: str, key: str = API_KEY) -> httpx.Client:
    return httpx.Client(base_url=f"{url}/mailchimp/3.0", auth=("anystring", key), timeout=30)
