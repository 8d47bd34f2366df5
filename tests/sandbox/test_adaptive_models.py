"""What the models make of Adaptive Planning is what the company planned, row by row and to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from finance_hub import warehouse
from sandbox.vendors import adaptive
from tests.dbt import make_views
from tests.sandbox.adaptive import AdaptiveHub, write_firm
from tests.sandbox.serving import serving
from tests.sandbox.test_anaplan_models import DECIMALS, SHAPES, same

VERSIONS = """
    select entity.name, budget.name,
        case when version = 'original' then 'budget' when version like 'reforecast%' then 'forecast' when version = 'actuals' then 'actual' else 'scenario' end,
        fiscal_year, date_trunc('day', created_at)::timestamp, coalesce(locked_at <= horizon(), false), budget_id
    from meridian.company.budget join meridian.company.entity using (entity_id)
    where plans = 'adaptive' and created_at <= horizon()
"""


def modelled(company: Path, home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse's models, and the company as `meridian`."""
    with serving(adaptive, company) as (url, _):
        hub = AdaptiveHub(home, url)
        hub.load()
    make_views(hub.settings)
    with warehouse.reading(hub.settings.warehouse) as database, duckdb.connect() as db:
        for shape in SHAPES:
            told = database.execute(f"select * from intermediate.int_adaptive_{shape}_conformed").arrow()  # noqa: F841
            db.execute(f"create table {shape} as from told")
        db.execute(f"attach '{company}' as meridian (read_only)")
        db.execute("create macro horizon() as timestamp '2026-06-30 23:59:59'")
        yield db


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Of the simulated company, which has one firm that plans here."""
    yield from modelled(meridian, tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Of two firms in two currencies that share an instance."""
    yield from modelled(write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb"), tmp_path_factory.mktemp("several"))


@pytest.fixture(params=["found", "several"])
def each(request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    database: duckdb.DuckDBPyConnection = request.getfixturevalue(request.param)
    return database


def test_each_shape_has_its_columns_in_order(found: duckdb.DuckDBPyConnection) -> None:
    for shape, columns in SHAPES.items():
        assert ", ".join(row[0] for row in found.execute(f"describe {shape}").fetchall()) == columns
    for shape, amount in DECIMALS.items():
        types = dict(found.execute(f"select column_name, column_type from (describe {shape})").fetchall())
        assert types[amount] == "DECIMAL(20,4)"
    for shape, key in (("plan_versions", "plan_id"), ("plan_entries", "plan_line_id")):
        assert found.execute(f"select count(*) = count(distinct {key}) from {shape}").fetchone() == (True,)


def test_plans_are_the_versions_of_each_company(each: duckdb.DuckDBPyConnection) -> None:
    ours = "select org_unit_ref, plan_name, scenario, fiscal_year, updated_at, is_locked from plan_versions"
    assert same(each, ours, f"select * exclude (budget_id) from ({VERSIONS})") >= 6


def test_every_line_is_there_to_the_cent(each: duckdb.DuckDBPyConnection) -> None:
    ours = """
        select plan_versions.org_unit_ref, plan_name, account_code, account_name, department_name, period_month, amount_func
        from plan_entries join plan_versions using (connection_id, plan_id) where plan_entries.org_unit_ref = plan_versions.org_unit_ref
    """
    theirs = f"""
        select v.name, v.name_1, account_code, account.name, department.name, month, amount
        from ({VERSIONS}) v join meridian.company.budget_line using (budget_id) join meridian.company.budget using (budget_id)
        join meridian.company.account using (entity_id, account_code) join meridian.company.department using (department_id)
    """
    assert same(each, ours, theirs) >= 96


def test_drivers_are_those_of_every_version(each: duckdb.DuckDBPyConnection) -> None:
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
    assert same(each, ours, theirs) >= 102


def test_targets_are_those_of_each_scope(each: duckdb.DuckDBPyConnection) -> None:
    theirs = """
        with planning as (select * from meridian.company.entity where plans = 'adaptive')
        select coalesce(planning.name, (select name from planning order by parent_entity_id nulls first limit 1)), metric, scope,
            case scope when 'product' then product.name when 'seller' then employee.email else scope_key end, period_month, amount, target.currency
        from meridian.company.target left join planning using (entity_id)
        left join meridian.company.product on product_id = scope_key left join meridian.company.employee on employee_id = scope_key
        where target.entity_id is null or planning.entity_id is not null
    """
    assert same(each, "select * exclude (connection_id) from plan_targets", theirs) >= 6
