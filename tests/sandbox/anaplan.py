"""A small group that plans in Anaplan, and a hub that reads its model."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import httpx

from sandbox.company import SCHEMA
from sandbox.vendors.anaplan.access import PASSWORD, USERNAME
from sandbox.vendors.anaplan.tenant import MODEL_ID, WORKSPACE_ID
from tests.sandbox.hub import SystemHub

HORIZON = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
NAME = "anaplan_group"
TABLES = ("models", "versions", "list_items", "cells")
ROOT = f"/workspaces/{WORKSPACE_ID}/models/{MODEL_ID}"


def write_firm(path: Path, *, months: int = 6) -> Path:
    """Two firms plan this year's ``months``, in two departments; their second forecast comes in July, a line of the locked budget is changed
    on 9 July, and June's people are counted when June is over.
    """
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2025, 1, 1)])
        db.execute(f"""
            insert into company.entity (entity_id, name, currency, fiscal_year_end_month, plans, parent_entity_id)
            values ('de', 'Müller & Söhne GmbH', 'EUR', 12, 'anaplan', null), ('jp', '日本 KK', 'JPY', 12, 'anaplan', 'de');
            insert into company.account (entity_id, account_code, name, class, type)
            select e, c, n, k, k from (values ('4000', 'Sales', 'revenue'), ('6100', 'Wages, "gross"', 'expense')) a (c, n, k), (values ('de'), ('jp')) e (e);
            insert into company.department values ('sales', 'Sales'), ('general', 'General');
            insert into company.product values ('prd-core', 'M-CORE', 'Core', 'Core', 49, 'USD');
            insert into company.employee (employee_id, entity_id, department_id, first_name, last_name, email)
            values ('emp-1', 'de', 'sales', 'Zoë', 'Weiß', 'zoe@firm.example');
            insert into company.budget
            select v || '-' || e, e, n, y, v, c, c + interval 10 day * (case when v like 'scenario%' then null else 1 end)
            from (values ('original', 'Budget 2026', 2026, timestamp '2025-12-12 15:00:00'), ('scenario_upside', 'Upside 2026', 2026, timestamp '2025-12-14 11:00:00'),
                ('reforecast_q2', 'Reforecast Q2 2026', 2026, timestamp '2026-07-13 15:00:00')) p (v, n, y, c), (values ('de'), ('jp')) x (e);
            insert into company.budget
            select 'actuals-' || e, e, 'Actuals', null, 'actuals', timestamp '2026-01-01', null from (values ('de'), ('jp')) x (e);
            insert into company.budget_line
            select budget_id, c, d, make_date(2026, m::integer, 1), (1000 * m + length(budget_id) + case c when '4000' then 500.25 else 0 end)::decimal(20, 4)
            from company.budget, (values ('4000'), ('6100')) a (c), (values ('sales'), ('general')) x (d), range(1, {months} + 1) r (m) where version <> 'actuals';
            insert into company.plan_driver
            select budget_id, 'headcount', 'sales', null, make_date(2026, m::integer, 1), m from company.budget, range(1, 7) r (m)
            union all
            select budget_id, k, null, 'prd-core', make_date(2026, m::integer, 1), case k when 'price' then 39.0039 else 10.5 + m end
            from company.budget, (values ('volume'), ('price')) x (k), range(1, 7) r (m);
            insert into company.plan_edit values ('original-de', '6100', 'sales', date '2026-06-01', timestamp '2026-07-09 16:00:00', 14340);
            insert into company.target values
                ('revenue', 'entity', null, 'de', date '2026-06-01', 70000, 'EUR'), ('cac', 'entity', null, 'de', date '2026-06-01', 7740, 'EUR'),
                ('roi', 'campaign', null, null, date '2026-06-01', 200, null), ('cac', 'channel', 'paid_search', 'jp', date '2026-06-01', 900000, 'JPY'),
                ('revenue', 'product', 'prd-core', 'de', date '2026-06-01', 27930.5, 'EUR'), ('quota', 'seller', 'emp-1', 'de', date '2026-06-01', 35100, 'EUR'),
                ('revenue', 'entity', null, 'us', date '2026-06-01', 1, 'USD');
        """)
        db.execute("use memory; detach firm")
    return path


class AnaplanHub(SystemHub):
    """A hub that reads one Anaplan model."""

    SYSTEM, TABLES = "anaplan", TABLES


def token(url: str) -> str:
    """The value of a new token."""
    answer = httpx.post(f"{url}/anaplan/token/authenticate", auth=(USERNAME, PASSWORD))
    return str(answer.json()["tokenInfo"]["tokenValue"])


def called(url: str) -> httpx.Client:
    """A client with a token of its own."""
    return httpx.Client(base_url=f"{url}/anaplan/2/0", headers={"Authorization": f"AnaplanAuthToken {token(url)}"}, timeout=30)
