"""A small group that plans in Adaptive Planning, and a hub that reads its instance."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from xml.sax.saxutils import quoteattr

import duckdb
import httpx
from lxml import etree

from sandbox.company import SCHEMA
from sandbox.vendors.adaptive.access import INSTANCE, LOGIN, PASSWORD
from sandbox.vendors.adaptive.replies import Element
from tests.sandbox.hub import SystemHub

NAME = "adaptive_us"
TABLES = ("versions", "accounts", "levels", "dimension_values", "periods", "cells")
CREDENTIALS = f'<credentials login="{LOGIN}" password="{PASSWORD}" locale="en_US" instanceCode="{INSTANCE}"/>'


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
            values ('us', 'Firm, Inc.', 'USD', 12, 'adaptive', null), ('ca', 'Firme Québec Ltée', 'CAD', 12, 'adaptive', 'us');
            insert into company.account (entity_id, account_code, name, class, type)
            select e, c, n, k, k from (values ('4000', 'Sales', 'revenue'), ('6100', 'Wages, "gross"' || chr(10) || 'and bonus', 'expense')) a (c, n, k),
                (values ('us'), ('ca')) e (e);
            insert into company.department values ('sales', 'Sales'), ('general', 'General');
            insert into company.product values ('prd-core', 'M-CORE', 'Core', 'Core', 49, 'USD');
            insert into company.fx_rate values (date '2025-12-31', 'USD', 1.25, timestamp '2025-12-31'), (date '2025-12-31', 'CAD', 1.5, timestamp '2025-12-31');
            insert into company.employee (employee_id, entity_id, department_id, first_name, last_name, email, hired_date, annual_salary)
            values ('emp-1', 'us', 'sales', 'Zoë', 'Weiß', 'zoe@firm.example', date '2024-02-05', 90000.5);
            insert into company.budget
            select v || '-' || e, e, n, y, v, c, c + interval 10 day * (case when v like 'scenario%' then null else 1 end)
            from (values ('original', 'Budget 2026', 2026, timestamp '2025-12-12 15:00:00'), ('scenario_upside', 'Upside 2026', 2026, timestamp '2025-12-14 11:00:00'),
                ('reforecast_q2', 'Reforecast Q2 2026', 2026, timestamp '2026-07-13 15:00:00')) p (v, n, y, c), (values ('us'), ('ca')) x (e);
            insert into company.budget
            select 'actuals-' || e, e, 'Actuals', null, 'actuals', timestamp '2026-01-01', null from (values ('us'), ('ca')) x (e);
            insert into company.budget_line
            select budget_id, c, d, make_date(2026, m::integer, 1), (1000 * m + length(budget_id) + case c when '4000' then 500.25 else 0 end)::decimal(20, 4)
            from company.budget, (values ('4000'), ('6100')) a (c), (values ('sales'), ('general')) x (d), range(1, {months} + 1) r (m) where version <> 'actuals';
            insert into company.plan_driver
            select budget_id, 'headcount', 'sales', null, make_date(2026, m::integer, 1), m from company.budget, range(1, 7) r (m)
            union all
            select budget_id, k, null, 'prd-core', make_date(2026, m::integer, 1), case k when 'price' then 39.0039 else 10.5 + m end
            from company.budget, (values ('volume'), ('price')) x (k), range(1, 7) r (m);
            insert into company.plan_edit values ('original-us', '6100', 'sales', date '2026-06-01', timestamp '2026-07-09 16:00:00', 14340);
            insert into company.target values
                ('revenue', 'entity', null, 'us', date '2026-06-01', 70000, 'USD'), ('cac', 'entity', null, 'us', date '2026-06-01', 7740, 'USD'),
                ('roi', 'campaign', null, null, date '2026-06-01', 200, null), ('cac', 'channel', 'paid_search', 'ca', date '2026-06-01', 900000, 'CAD'),
                ('revenue', 'product', 'prd-core', 'us', date '2026-06-01', 27930.5, 'USD'), ('quota', 'seller', 'emp-1', 'us', date '2026-06-01', 35100, 'USD'),
                ('revenue', 'entity', null, 'jp', date '2026-06-01', 1, 'JPY');
        """)
        db.execute("use memory; detach firm")
    return path


class AdaptiveHub(SystemHub):
    """A hub that reads one Adaptive instance."""

    SYSTEM, TABLES = "adaptive", TABLES


def called(
    url: str, method: str, parts: str = "", *, credentials: str = CREDENTIALS, version: int = 40, stream: str = ""
) -> Element:
    """The root of the answer to a call, whose status must be good."""
    streamed = f" stream={quoteattr(stream)}" if stream else ""
    body = f'<?xml version="1.0" encoding="UTF-8"?><call method="{method}" callerName="test"{streamed}>{credentials}{parts}</call>'
    answer = httpx.post(
        f"{url}/adaptive/api/v{version}", content=body.encode(), headers={"Content-Type": "application/xml"}, timeout=30
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    return etree.fromstring(answer.content)
