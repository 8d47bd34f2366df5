"""A small group of two firms that plan in one tool."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from sandbox.company import SCHEMA

Firm = tuple[str, str, str]
"""Key, name and currency."""


def write_group(path: Path, *, system: str, parent: Firm, child: Firm, elsewhere: str, wages: str, months: int = 6) -> Path:
    """Two firms plan this year's ``months``, in two departments; their second forecast comes in July, a line of the locked budget is changed
    on 9 July, and June's people are counted when June is over. ``elsewhere`` is the key of a firm that does not plan here and has a target too;
    ``wages`` is what an account is called.
    """
    (first, first_name, first_currency), (second, second_name, second_currency) = parent, child
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2025, 1, 1)])
        db.execute(
            "insert into company.entity (entity_id, name, currency, fiscal_year_end_month, plans, parent_entity_id) values (?, ?, ?, 12, ?, ?), (?, ?, ?, 12, ?, ?)",
            [first, first_name, first_currency, system, None, second, second_name, second_currency, system, first],
        )
        db.execute(
            """
            insert into company.account (entity_id, account_code, name, class, type)
            select entity_id, c, n, k, k from company.entity, (values ('4000', 'Sales', 'revenue'), ('6100', ?, 'expense')) a (c, n, k)
            """,
            [wages],
        )
        db.execute(f"""
            insert into company.department values ('sales', 'Sales'), ('general', 'General');
            insert into company.product values ('prd-core', 'M-CORE', 'Core', 'Core', 49, 'USD');
            insert into company.fx_rate values (date '2025-12-31', '{first_currency}', 1.25, timestamp '2025-12-31'),
                (date '2025-12-31', '{second_currency}', 1.5, timestamp '2025-12-31');
            insert into company.employee (employee_id, entity_id, department_id, first_name, last_name, email, hired_date, annual_salary)
            values ('emp-1', '{first}', 'sales', 'Zoë', 'Weiß', 'zoe@firm.example', date '2024-02-05', 90000.5);
            insert into company.budget
            select v || '-' || entity_id, entity_id, n, y, v, c, c + interval 10 day * (case when v like 'scenario%' then null else 1 end)
            from (values ('original', 'Budget 2026', 2026, timestamp '2025-12-12 15:00:00'), ('scenario_upside', 'Upside 2026', 2026, timestamp '2025-12-14 11:00:00'),
                ('reforecast_q2', 'Reforecast Q2 2026', 2026, timestamp '2026-07-13 15:00:00')) p (v, n, y, c), company.entity;
            insert into company.budget
            select 'actuals-' || entity_id, entity_id, 'Actuals', null, 'actuals', timestamp '2026-01-01', null from company.entity;
            insert into company.budget_line
            select budget_id, c, d, make_date(2026, m::integer, 1), (1000 * m + length(budget_id) + case c when '4000' then 500.25 else 0 end)::decimal(20, 4)
            from company.budget, (values ('4000'), ('6100')) a (c), (values ('sales'), ('general')) x (d), range(1, {months} + 1) r (m) where version <> 'actuals';
            insert into company.plan_driver
            select budget_id, 'headcount', 'sales', null, make_date(2026, m::integer, 1), m from company.budget, range(1, 7) r (m)
            union all
            select budget_id, k, null, 'prd-core', make_date(2026, m::integer, 1), case k when 'price' then 39.0039 else 10.5 + m end
            from company.budget, (values ('volume'), ('price')) x (k), range(1, 7) r (m);
            insert into company.plan_edit values ('original-{first}', '6100', 'sales', date '2026-06-01', timestamp '2026-07-09 16:00:00', 14340);
            insert into company.target values
                ('revenue', 'entity', null, '{first}', date '2026-06-01', 70000, '{first_currency}'),
                ('cac', 'entity', null, '{first}', date '2026-06-01', 7740, '{first_currency}'),
                ('roi', 'campaign', null, null, date '2026-06-01', 200, null),
                ('cac', 'channel', 'paid_search', '{second}', date '2026-06-01', 900000, '{second_currency}'),
                ('revenue', 'product', 'prd-core', '{first}', date '2026-06-01', 27930.5, '{first_currency}'),
                ('quota', 'seller', 'emp-1', '{first}', date '2026-06-01', 35100, '{first_currency}'),
                ('revenue', 'entity', null, '{elsewhere}', date '2026-06-01', 1, 'USD');
        """)
        db.execute("use memory; detach firm")
    return path
