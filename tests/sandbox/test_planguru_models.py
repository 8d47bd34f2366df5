"""What the models make of PlanGuru's exports is what the company planned, row by row and to the cent; years are spread over their months."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sandbox.vendors import planguru
from tests.sandbox.hub import Hub
from tests.sandbox.plans import OUR_DRIVERS, OUR_TARGETS, OUR_VERSIONS, hold_shapes, modelled, same
from tests.sandbox.serving import serving

BY_YEAR = f"account_code in {planguru.BY_YEAR} and plan_name not like 'Reforecast%'"
TOLD = """
    select plan_versions.org_unit_ref as name, plan_name, account_code, account_name, department_name, period_month as month, amount_func as amount, phasing_method
    from plan_entries join plan_versions using (connection_id, plan_id)
"""


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with serving(planguru, meridian) as (url, _):
        hub = Hub(tmp_path_factory.mktemp("hub"), url, {"planguru"})
        hub.load()
    with modelled(hub, "planguru", meridian, "sheets") as db:
        yield db


def test_each_shape_has_its_columns_in_order(found: duckdb.DuckDBPyConnection) -> None:
    hold_shapes(found)


def test_plans_are_the_versions_of_the_company(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_VERSIONS, "from their_versions") > 15


def test_what_is_planned_by_month_is_there_to_the_cent(found: duckdb.DuckDBPyConnection) -> None:
    ours = f"select * exclude (phasing_method) from ({TOLD}) where not ({BY_YEAR}) and phasing_method = 'monthly'"
    assert same(found, ours, f"from their_lines where not ({BY_YEAR})") > 5000
    assert found.execute(f"select count(*) from ({TOLD}) where not ({BY_YEAR}) and phasing_method <> 'monthly'").fetchone() == (0,)


def test_what_is_planned_by_the_year_adds_up_to_it_in_twelve_months(found: duckdb.DuckDBPyConnection) -> None:
    ours = f"""
        select name, plan_name, account_code, department_name, sum(amount), count(*) from ({TOLD}) where {BY_YEAR} group by all
    """
    theirs = f"select name, plan_name, account_code, department_name, sum(amount), 12 from their_lines where {BY_YEAR} group by all"
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
    assert same(found, OUR_DRIVERS, "from their_drivers") > 1000


def test_targets_are_those_of_each_scope(found: duckdb.DuckDBPyConnection) -> None:
    """A sheet is of a company, that of all campaigns too."""
    assert same(found, OUR_TARGETS, "select * replace ('BrightForms LLC' as name) from their_targets") > 300


def test_every_sheet_of_a_plan_is_held_to_its_totals(found: duckdb.DuckDBPyConnection) -> None:
    assert found.execute("select distinct status from sheets order by all").fetchall() == [("left_out",), ("read",)]
    held = "select count(*) > 50, min(total_count) > 5, bool_and(is_hidden) from sheets where sheet_name like 'IS %'"
    assert found.execute(held).fetchone() == (True, True, True)
