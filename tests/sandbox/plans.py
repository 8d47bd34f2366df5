"""What the models make of a planning tool, beside what the simulated company planned in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from finance_hub import warehouse
from tests.dbt import make_views
from tests.sandbox.hub import Hub

SHAPES = {
    "plan_versions": "connection_id, plan_id, org_unit_ref, plan_name, scenario, fiscal_year, updated_at, is_locked",
    "plan_entries": "connection_id, plan_line_id, plan_id, org_unit_ref, account_code, account_name, department_name, period_month, amount_func, "
    "phasing_method, _page_id",
    "plan_drivers": "connection_id, plan_id, org_unit_ref, driver, department_name, product_name, period_month, amount",
    "plan_targets": "connection_id, org_unit_ref, metric, scope, scope_ref, period_month, amount, currency",
}
DECIMALS = {"plan_entries": "amount_func", "plan_drivers": "amount", "plan_targets": "amount"}

OUR_VERSIONS = "select org_unit_ref, plan_name, scenario, fiscal_year, updated_at, is_locked from plan_versions"
OUR_LINES = """
    select plan_versions.org_unit_ref, plan_name, account_code, account_name, department_name, period_month, amount_func
    from plan_entries join plan_versions using (connection_id, plan_id) where plan_entries.org_unit_ref = plan_versions.org_unit_ref
"""
OUR_TARGETS = "select * exclude (connection_id) from plan_targets"
OUR_DRIVERS = """
    select plan_drivers.org_unit_ref, plan_name, driver, department_name, product_name, period_month, amount
    from plan_drivers join plan_versions using (connection_id, plan_id)
"""


@contextmanager
def modelled(hub: Hub, system: str, company: Path, *raw: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The models of a hub that has read a tool, the ``raw`` staging tables too, and what the company planned there.

    ``meridian`` is the company; ``their_versions``, ``their_lines``, ``their_drivers`` and ``their_targets`` stand in the columns of
    ``OUR_VERSIONS``, ``OUR_LINES``, ``OUR_DRIVERS`` and ``OUR_TARGETS``.
    """
    make_views(hub.settings)
    with warehouse.reading(hub.settings.warehouse) as database, duckdb.connect() as db:
        for shape in SHAPES:
            told = database.execute(f"select * from intermediate.int_{system}_{shape}_conformed").arrow()
            db.execute(f"create table {shape} as from told")
        for table in raw:
            told = database.execute(f"select * from staging.stg_{system}__{table}").arrow()  # noqa: F841
            db.execute(f"create table {table} as from told")
        db.execute(f"attach '{company}' as meridian (read_only)")
        db.execute(f"""
            create macro horizon() as timestamp '2026-06-30 23:59:59';
            create table planning as from meridian.company.entity where plans = '{system}';
            create view their_plans as
                select planning.name, budget.name as plan_name,
                    case when version = 'original' then 'budget' when version like 'reforecast%' then 'forecast' when version = 'actuals' then 'actual'
                        else 'scenario' end as scenario,
                    fiscal_year, date_trunc('day', created_at)::timestamp as created_on, coalesce(locked_at <= horizon(), false) as is_locked,
                    budget_id, entity_id
                from meridian.company.budget join planning using (entity_id) where created_at <= horizon();
            create view their_versions as select * exclude (budget_id, entity_id) from their_plans;
            create view their_lines as
                select their_plans.name, plan_name, line.account_code, account.name as account_name, department.name as department_name, month, amount
                from their_plans join meridian.company.budget_line line using (budget_id)
                join meridian.company.account on account.entity_id = their_plans.entity_id and account.account_code = line.account_code
                join meridian.company.department on department.department_id = line.department_id;
            create view their_drivers as
                select their_plans.name, plan_name, driver, department.name as department_name, product.name as product_name, month, amount
                from their_plans join meridian.company.plan_driver using (budget_id)
                left join meridian.company.department using (department_id) left join meridian.company.product using (product_id)
                where scenario <> 'actual' or last_day(month) < date '2026-06-30';
            create view their_targets as
                select planning.name, metric, scope,
                    case scope when 'product' then product.name when 'seller' then employee.email else scope_key end as scope_ref,
                    period_month, amount, target.currency
                from meridian.company.target left join planning using (entity_id)
                left join meridian.company.product on product_id = scope_key left join meridian.company.employee on employee_id = scope_key
                where target.entity_id is null or planning.entity_id is not null;
        """)
        yield db


def hold_shapes(db: duckdb.DuckDBPyConnection) -> None:
    """Each shape has its columns in order, its amounts exact, and its keys once."""
    for shape, columns in SHAPES.items():
        assert ", ".join(row[0] for row in db.execute(f"describe {shape}").fetchall()) == columns
    for shape, amount in DECIMALS.items():
        types = dict(db.execute(f"select column_name, column_type from (describe {shape})").fetchall())
        assert types[amount] == "DECIMAL(20,4)"
    for shape, key in (("plan_versions", "plan_id"), ("plan_entries", "plan_line_id")):
        assert db.execute(f"select count(*) = count(distinct {key}) from {shape}").fetchone() == (True,)


def same(db: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> int:
    """How many rows both have; none may be in one alone."""
    assert db.execute(f"({ours}) except all ({theirs}) limit 3").fetchall() == []
    assert db.execute(f"({theirs}) except all ({ours}) limit 3").fetchall() == []
    row = db.execute(f"select count(*) from ({ours})").fetchone()
    assert row is not None
    return int(row[0])
