"""A small firm that plans in Vena, and a hub that reads its model."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import httpx

from sandbox.company import SCHEMA
from sandbox.vendors.vena.app import API_KEY, API_USER, MODEL_ID
from sandbox.vendors.vena.replies import API
from tests.sandbox.hub import SystemHub

NAME = "vena_uk"
TABLES = ("models", "members", "cells")
ROOT = f"/models/{MODEL_ID}"


def write_firm(path: Path, *, months: int = 6) -> Path:
    """A firm whose years end with March plans ``months`` of the year 2027 in two departments; a line of the locked budget is changed on
    9 July, June's people are counted when June is over, and a forecast comes on the 13th.
    """
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2025, 1, 1)])
        db.execute(f"""
            insert into company.entity (entity_id, name, currency, fiscal_year_end_month, plans)
            values ('uk', 'Müller & Söhne Ltd', 'GBP', 3, 'vena'), ('de', 'Elsewhere GmbH', 'EUR', 12, 'anaplan');
            insert into company.account (entity_id, account_code, name, class, type)
            values ('uk', '4000', 'Sales', 'revenue', 'revenue'), ('uk', '6100', 'Wages, "gross"', 'expense', 'expense');
            insert into company.department values ('sales', 'Sales'), ('general', 'General');
            insert into company.product values ('prd-core', 'M-CORE', 'Core', 'Core', 49, 'USD');
            insert into company.employee (employee_id, entity_id, department_id, first_name, last_name, email)
            values ('emp-1', 'uk', 'sales', 'Zoë', 'Weiß', 'zoe@firm.example');
            insert into company.fx_rate values (date '2026-03-02', 'USD', 1.5, timestamp '2026-03-02'), (date '2026-03-02', 'GBP', 1, timestamp '2026-03-02');
            insert into company.budget values
                ('bud', 'uk', 'Budget 2027', 2027, 'original', timestamp '2026-03-12 15:00:00', timestamp '2026-03-22 15:00:00'),
                ('ups', 'uk', 'Upside 2027', 2027, 'scenario_upside', timestamp '2026-03-14 11:00:00', null),
                ('ref', 'uk', 'Reforecast Q1 2027', 2027, 'reforecast_q1', timestamp '2026-07-13 15:00:00', timestamp '2026-07-18 15:00:00'),
                ('act', 'uk', 'Actuals', null, 'actuals', timestamp '2026-04-01', null);
            insert into company.budget_line
            select budget_id, c, d, (date '2026-03-01' + to_months(m::integer))::date, (1000 * m + ascii(budget_id) + case c when '4000' then 500.25 else 0 end)::decimal(20, 4)
            from company.budget, (values ('4000'), ('6100')) a (c), (values ('sales'), ('general')) x (d), range(1, {months} + 1) r (m) where version <> 'actuals';
            insert into company.plan_driver
            select budget_id, 'headcount', 'sales', null, (date '2026-03-01' + to_months(m::integer))::date, m from company.budget, range(1, 4) r (m)
            union all
            select budget_id, k, null, 'prd-core', (date '2026-03-01' + to_months(m::integer))::date, case k when 'price' then 39.0039 else 10.5 + m end
            from company.budget, (values ('volume'), ('price')) x (k), range(1, 4) r (m);
            insert into company.plan_edit values ('bud', '6100', 'sales', date '2026-06-01', timestamp '2026-07-09 16:00:00', 14340);
            insert into company.target values
                ('revenue', 'entity', null, 'uk', date '2026-06-01', 70000, 'GBP'), ('cac', 'entity', null, 'uk', date '2026-06-01', 7740, 'GBP'),
                ('roi', 'campaign', null, null, date '2026-06-01', 200, null), ('cac', 'channel', 'paid_search', 'uk', date '2026-06-01', 9000, 'GBP'),
                ('revenue', 'product', 'prd-core', 'uk', date '2026-06-01', 27930.5, 'GBP'), ('quota', 'seller', 'emp-1', 'uk', date '2026-06-01', 35100, 'GBP'),
                ('revenue', 'entity', null, 'de', date '2026-06-01', 1, 'EUR');
        """)
        db.execute("use memory; detach firm")
    return path


class VenaHub(SystemHub):
    """A hub that reads one Vena model."""

    SYSTEM, TABLES = "vena", TABLES


def called(url: str) -> httpx.Client:
    """A client with the application token."""
    return httpx.Client(base_url=f"{url}/vena{API}", auth=(API_USER, API_KEY), timeout=30)
