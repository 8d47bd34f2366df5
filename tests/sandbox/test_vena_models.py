"""What the models make of Vena is what the company planned, row by row and to the cent, in its fiscal year and its own currency."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sandbox.vendors import vena
from tests.sandbox.plans import OUR_DRIVERS, OUR_LINES, OUR_TARGETS, OUR_VERSIONS, hold_shapes, modelled, same
from tests.sandbox.serving import serving
from tests.sandbox.vena import VenaHub


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with serving(vena, meridian) as (url, _):
        hub = VenaHub(tmp_path_factory.mktemp("hub"), url)
        hub.load()
    with modelled(hub, "vena", meridian, "cells") as db:
        yield db


def test_each_shape_has_its_columns_in_order(found: duckdb.DuckDBPyConnection) -> None:
    hold_shapes(found)


def test_plans_are_the_scenarios_of_each_year(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_VERSIONS, "from their_versions") > 20


def test_every_line_is_there_once_to_the_cent_in_the_months_of_the_fiscal_year(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_LINES, "from their_lines") > 8000
    converted = "select count(*) > 1000 from cells where currency_member <> 'local'"
    assert found.execute(converted).fetchone() == (True,), "amounts stand in another currency too, and must not be counted twice"
    first = "select min(period_month)::varchar, max(period_month)::varchar from plan_entries join plan_versions using (plan_id) where fiscal_year = 2026"
    assert found.execute(first).fetchone() == ("2025-04-01", "2026-03-01")


def test_drivers_are_those_of_every_version(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_DRIVERS, "from their_drivers") > 2000


def test_targets_are_those_of_each_scope(found: duckdb.DuckDBPyConnection) -> None:
    """Vena names no currency of a target: it is the company's own."""
    assert same(found, OUR_TARGETS, "select * replace (null::varchar as currency) from their_targets") > 500
