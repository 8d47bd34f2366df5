"""What the models make of Anaplan is what the company planned, row by row and to the cent, at the bottom of every list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sandbox.vendors import anaplan
from tests.sandbox.anaplan import AnaplanHub
from tests.sandbox.plans import OUR_DRIVERS, OUR_LINES, OUR_TARGETS, OUR_VERSIONS, hold_shapes, modelled, same
from tests.sandbox.serving import serving


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with serving(anaplan, meridian) as (url, _):
        hub = AnaplanHub(tmp_path_factory.mktemp("hub"), url)
        hub.load()
    with modelled(hub, "anaplan", meridian, "cells") as db:
        yield db


def test_each_shape_has_its_columns_in_order(found: duckdb.DuckDBPyConnection) -> None:
    hold_shapes(found)


def test_plans_are_the_versions_of_each_entity(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_VERSIONS, "from their_versions") > 40


def test_every_line_is_there_to_the_cent_and_no_roll_up_is(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_LINES, "from their_lines") > 15_000
    rolled = "select count(*) > 1000 from cells where period like 'FY%' or account_item like 'Erl%'"
    assert found.execute(rolled).fetchone() == (True,), "the export has roll-ups, which must not be counted"


def test_drivers_are_those_of_every_version(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_DRIVERS, "from their_drivers") > 5000


def test_targets_are_those_of_each_scope(found: duckdb.DuckDBPyConnection) -> None:
    assert same(found, OUR_TARGETS, "from their_targets") > 1000
