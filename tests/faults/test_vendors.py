"""Every kind of fault against the second source: right rows or a loud failure, never success with fewer rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from finance_hub import ingestion, settings, warehouse
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.faults import KINDS
from tests.conftest import connect

LOUD = {"day_limit", "error_200", "forbidden", "redirect", "unauthorized"}
SAMPLE = {"truncate", "error_200"}


@pytest.fixture(scope="module")
def served(meridian: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        yield running


@pytest.fixture(scope="module")
def deals(served: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many deals there are, read without a fault."""
    return _read(connect(tmp_path_factory.mktemp("whole"), served.url, only={"hubspot"}))


def _read(home: Path) -> int:
    found = settings.load(home)
    warehouse.prepare(found)
    ingestion.load(found, ingestion.extract(found, found.connections["hubspot_uk"]))
    return _count(found)


def _count(found: settings.Settings) -> int:
    with warehouse.reading(found.warehouse) as database:
        return int(database.execute("select count(*) from hubspot.deals").fetchone()[0])


@pytest.mark.parametrize(
    "kind", [kind if kind in SAMPLE else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(kind: str, served: RunningSandbox, deals: int, tmp_path: Path) -> None:
    home = connect(tmp_path, served.url, only={"hubspot"})
    order = {
        "vendor": "hubspot",
        "path": "*/objects/deals",
        "kind": kind,
        "after": 1,
        "times": 9 if kind in LOUD else 1,
        "seconds": 0.01,
    }
    httpx.post(f"{served.url}/_sandbox/faults", json=order)
    try:
        if kind in LOUD:
            with pytest.raises(Exception, match=r"deals|hubspot"):
                _read(home)
            assert _count(settings.load(home)) == 0
        else:
            assert _read(home) == deals
    finally:
        httpx.delete(f"{served.url}/_sandbox/faults")
