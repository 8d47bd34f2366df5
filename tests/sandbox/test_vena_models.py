"""What the models make of Vena is what the company planned, row by row and to the cent, in its fiscal year and its own currency."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from finance_hub import warehouse
from sandbox.vendors import vena
from tests.dbt import make_views
from tests.sandbox.serving import serving
from tests.sandbox.test_anaplan_models import DECIMALS, SHAPES, same
from tests.sandbox.vena import VenaHub

VERSIONS = """
    select entity.name, budget.name,
        case when version = 'original' then 'budget' when version like 'reforecast%' then 'forecast' when version = 'actuals' then 'actual' else 'scenario' end,
        fiscal_year, date_trunc('day', created_at)::timestamp, coalesce(locked_at <= horizon(), false), budget_id
    from meridian.company.budget join meridian.company.entity using (entity_id)
    where entity_id = 'uk' and created_at <= horizon()
"""


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse's models, and the company as `meridian`."""
    with serving(vena, meridian) as (url, _):
        hub = VenaHub(tmp_path_factory.mktemp("hub"), url)
        hub.load()
    make_views(hub.settings)
    with warehouse.reading(hub.settings.warehouse) as database, duckdb.connect() as db:
        for shape in SHAPES:
            told = database.execute(f"select * from intermediate.int_vena_{shape}_conformed").arrow()
            db.execute(f"create table {shape} as from told")
        told = database.execute("select * from staging.stg_vena__cells").arrow()  # noqa: F841
        db.execute("create table cells as from told")
        db.execute(f"attach '{meridian}' as meridian (read_only)")
        db.execute("create macro horizon() as timestamp '2026-06-30 23:59:59'")
        yield db


def test_each_shape_has_its_columns_in_order(found: duckdb.DuckDBPyConnection) -> None:
    for shape, columns in SHAPES.items():
        assert ", ".join(row[0] for row in found.execute(f"describe {shape}").fetchall()) == columns
    for shape, amount in DECIMALS.items():
        types = dict(found.execute(f"select column_name, column_type from (describe {shape})").fetchall())
        assert types[amount] == "DECIMAL(20,4)"
    for shape, key in (("plan_versions", "plan_id"), ("plan_entries", "plan_line_id")):
        assert found.execute(f"select count(*) = count(distinct {key}) from {shape}").fetchone() == (True,)


def test_plans_are_the_scenarios_of_each_year(found: duckdb.DuckDBPyConnection) -> None:
    ours = "select org_unit_ref, plan_name, scenario, fiscal_year, updated_at, is_locked from plan_versions"
    assert same(found, ours, f"select * exclude (budget_id) from ({VERSIONS})") > 20


def test_every_line_is_there_once_to_the_cent_in_the_months_of_the_fiscal_year(found: duckdb.DuckDBPyConnection) -> None:
    ours = """
        select plan_versions.org_unit_ref, plan_name, account_code, account_name, department_name, period_month, amount_func
        from plan_entries join plan_versions using (connection_id, plan_id) where plan_entries.org_unit_ref = plan_versions.org_unit_ref
    """
    theirs = f"""
        select v.name, v.name_1, account_code, account.name, department.name, month, amount
        from ({VERSIONS}) v join meridian.company.budget_line using (budget_id) join meridian.company.budget using (budget_id)
        join meridian.company.account using (entity_id, account_code) join meridian.company.department using (department_id)
    """
    assert same(found, ours, theirs) > 8000
    converted = "select count(*) > 1000 from cells where currency_member <> 'local'"
    assert found.execute(converted).fetchone() == (True,), "amounts stand in another currency too, and must not be counted twice"
    first = "select min(period_month)::varchar, max(period_month)::varchar from plan_entries join plan_versions using (plan_id) where fiscal_year = 2026"
    assert found.execute(first).fetchone() == ("2025-04-01", "2026-03-01")


def test_drivers_are_those_of_every_version(found: duckdb.DuckDBPyConnection) -> None:
    ours = """
        select plan_drivers.org_unit_ref, plan_name, driver, department_name, product_name, period_month, amount
        from plan_drivers join plan_versions using (connection_id, plan_id)
    """
    theirs = f"""
        select v.name, v.name_1, driver, department.name, product.name, month, amount
        from ({VERSIONS}) v join meridian.company.plan_driver using (budget_id)
        left join meridian.company.department using (department_id) left join meridian.company.product using (product_id)
        where v.name_1 <> 'Actuals' or last_day(month) < date '2026-06-30'
    """
    assert same(found, ours, theirs) > 2000


def test_targets_are_those_of_each_scope(found: duckdb.DuckDBPyConnection) -> None:
    theirs = """
        select entity.name, metric, scope, case scope when 'product' then product.name when 'seller' then employee.email else scope_key end,
            period_month, amount, null::varchar
        from meridian.company.target left join meridian.company.entity using (entity_id)
        left join meridian.company.product on product_id = scope_key left join meridian.company.employee on employee_id = scope_key
        where target.entity_id is null or target.entity_id = 'uk'
    """
    assert same(found, "select * exclude (connection_id) from plan_targets", theirs) > 500
