"""What the models make of Adaptive Planning is what the company planned, row by row and to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sandbox.vendors import adaptive
from tests.sandbox.adaptive import AdaptiveHub, write_firm
from tests.sandbox.plans import OUR_DRIVERS, OUR_LINES, OUR_TARGETS, OUR_VERSIONS, hold_shapes, modelled, same
from tests.sandbox.serving import serving


def read(company: Path, home: Path) -> AdaptiveHub:
    with serving(adaptive, company) as (url, _):
        hub = AdaptiveHub(home, url)
        hub.load()
    return hub


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Of the simulated company, which has one firm that plans here."""
    with modelled(read(meridian, tmp_path_factory.mktemp("hub")), "adaptive", meridian) as db:
        yield db


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Of two firms in two currencies that share an instance."""
    firm = write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")
    with modelled(read(firm, tmp_path_factory.mktemp("several")), "adaptive", firm) as db:
        yield db


@pytest.fixture(params=["found", "several"])
def each(request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    database: duckdb.DuckDBPyConnection = request.getfixturevalue(request.param)
    return database


def test_each_shape_has_its_columns_in_order(found: duckdb.DuckDBPyConnection) -> None:
    hold_shapes(found)


def test_plans_are_the_versions_of_each_company(each: duckdb.DuckDBPyConnection) -> None:
    assert same(each, OUR_VERSIONS, "from their_versions") >= 6


def test_every_line_is_there_to_the_cent(each: duckdb.DuckDBPyConnection) -> None:
    assert same(each, OUR_LINES, "from their_lines") >= 96


def test_drivers_are_those_of_every_version(each: duckdb.DuckDBPyConnection) -> None:
    assert same(each, OUR_DRIVERS, "from their_drivers") >= 102


def test_targets_are_those_of_each_scope(each: duckdb.DuckDBPyConnection) -> None:
    """What is for all campaigns stands at the company above the others."""
    theirs = """
        select * replace (coalesce(name, (select name from planning order by parent_entity_id nulls first limit 1)) as name) from their_targets
    """
    assert same(each, OUR_TARGETS, theirs) >= 6
