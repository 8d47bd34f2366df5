"""What the models make of PlanGuru's exports is what the company planned, row by row and to the cent; years are spread over their months."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from finance_hub import warehouse
from sandbox.vendors import planguru
from tests.dbt import make_views
from tests.sandbox.hub import Hub
from tests.sandbox.serving import serving
from tests.sandbox.test_anaplan_models import DECIMALS, SHAPES, same

BY_YEAR = f"account_code in {planguru.BY_YEAR} and plan_name not like 'Reforecast%'"
VERSIONS = """
    select entity.name, budget.name as plan_name,
        case when version = 'original' then 'budget' when version like 'reforecast%' then 'forecast' when version = 'actuals' then 'actual' else 'scenario' end,
        fiscal_year, date_trunc('day', created_at)::timestamp, coalesce(locked_at <= horizon(), false), budget_id
    from meridian.company.budget join meridian.company.entity using (entity_id)
    where entity_id = 'bf' and created_at <= horizon()
"""
LINES = f"""
    select v.name, v.plan_name, line.account_code, account.name as account_name, department.name as department_name, month, amount
    from ({VERSIONS}) v join meridian.company.budget_line line using (budget_id) join meridian.company.budget using (budget_id)
    join meridian.company.account on account.entity_id = budget.entity_id and account.account_code = line.account_code
    join meridian.company.department on department.department_id = line.department_id
"""
TOLD = """
    select plan_versions.org_unit_ref as name, plan_name, account_code, account_name, department_name, period_month as month, amount_func as amount, phasing_method
    from plan_entries join plan_versions using (connection_id, plan_id)
"""


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse's models, and the company as `meridian`."""
    with serving(planguru, meridian) as (url, _):
        hub = Hub(tmp_path_factory.mktemp("hub"), url, {"planguru"})
        hub.load()
    make_views(hub.settings)
    with warehouse.reading(hub.settings.warehouse) as database, duckdb.connect() as db:
        for shape in SHAPES:
            told = database.execute(f"select * from intermediate.int_planguru_{shape}_conformed").arrow()
            db.execute(f"create table {shape} as from told")
        told = database.execute("select * from staging.stg_planguru__sheets").arrow()  # noqa: F841
        db.execute("create table sheets as from told")
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


def test_plans_are_the_versions_of_the_company(found: duckdb.DuckDBPyConnection) -> None:
    ours = "select org_unit_ref, plan_name, scenario, fiscal_year, updated_at, is_locked from plan_versions"
    assert same(found, ours, f"select * exclude (budget_id) from ({VERSIONS})") > 15


def test_what_is_planned_by_month_is_there_to_the_cent(found: duckdb.DuckDBPyConnection) -> None:
    ours = f"select * exclude (phasing_method) from ({TOLD}) where not ({BY_YEAR}) and phasing_method = 'monthly'"
    assert same(found, ours, f"from ({LINES}) where not ({BY_YEAR})") > 5000
    assert found.execute(f"select count(*) from ({TOLD}) where not ({BY_YEAR}) and phasing_method <> 'monthly'").fetchone() == (0,)


def test_what_is_planned_by_the_year_adds_up_to_it_in_twelve_months(found: duckdb.DuckDBPyConnection) -> None:
    ours = f"""
        select name, plan_name, account_code, department_name, sum(amount), count(*) from ({TOLD}) where {BY_YEAR} group by all
    """
    theirs = f"select name, plan_name, account_code, department_name, sum(amount), 12 from ({LINES}) where {BY_YEAR} group by all"
    assert same(found, ours, theirs) > 15


def test_years_are_spread_as_the_mapping_says(found: duckdb.DuckDBPyConnection) -> None:
    methods = f"select distinct account_code, plan_name, phasing_method from ({TOLD}) where {BY_YEAR} order by all"
    told = {(code, plan): method for code, plan, method in found.execute(methods).fetchall()}
    assert {method for (code, _), method in told.items() if code == "6600"} == {"even"}
    assert told["6400", "Budget 2026"] == "last_year"
    assert told["6400", "Budget 2024"] == "even", "nothing is known of the year before the first"
    ranges = f"""
        select max(amount) - min(amount) from ({TOLD}) where {BY_YEAR} and phasing_method = 'even' group by plan_name, account_code, department_name
    """
    assert all(spread <= 0.01 for (spread,) in found.execute(ranges).fetchall())
    shaped = f"""
        with pattern as (select * from ({TOLD}) where plan_name = 'Reforecast Q3 2025' and account_code = '6400'),
        whole as (select department_name, sum(amount) as total from pattern group by all),
        spread as (select *, sum(amount) over (partition by department_name) as year from ({TOLD}) where plan_name = 'Budget 2026' and account_code = '6400')
        select count(*), max(abs(spread.amount - (year * pattern.amount / total)::decimal(20, 4))) from spread join whole using (department_name)
        join pattern on pattern.department_name = spread.department_name and pattern.month = spread.month - interval 1 year
    """
    row = found.execute(shaped).fetchone()
    assert row is not None
    assert row[0] >= 12
    assert row[1] <= 0.01


def test_drivers_are_those_of_every_version(found: duckdb.DuckDBPyConnection) -> None:
    ours = """
        select plan_drivers.org_unit_ref, plan_name, driver, department_name, product_name, period_month, amount
        from plan_drivers join plan_versions using (connection_id, plan_id)
    """
    theirs = f"""
        select v.name, v.plan_name, driver, department.name, product.name, month, amount
        from ({VERSIONS}) v join meridian.company.plan_driver using (budget_id)
        left join meridian.company.department using (department_id) left join meridian.company.product using (product_id)
        where v.plan_name <> 'Actuals' or last_day(month) < date '2026-06-30'
    """
    assert same(found, ours, theirs) > 1000


def test_targets_are_those_of_each_scope(found: duckdb.DuckDBPyConnection) -> None:
    theirs = """
        select 'BrightForms LLC', metric, scope, case scope when 'product' then product.name when 'seller' then employee.email else scope_key end,
            period_month, amount, target.currency
        from meridian.company.target
        left join meridian.company.product on product_id = scope_key left join meridian.company.employee on employee_id = scope_key
        where target.entity_id is null or target.entity_id = 'bf'
    """
    assert same(found, "select * exclude (connection_id) from plan_targets", theirs) > 300


def test_every_sheet_of_a_plan_is_held_to_its_totals(found: duckdb.DuckDBPyConnection) -> None:
    assert found.execute("select distinct status from sheets order by all").fetchall() == [("left_out",), ("read",)]
    held = "select count(*) > 50, min(total_count) > 5, bool_and(is_hidden) from sheets where sheet_name like 'IS %'"
    assert found.execute(held).fetchone() == (True, True, True)
