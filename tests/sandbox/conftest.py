from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dlt_sources.http.policy import Policy
from sandbox.server import RunningSandbox, Shown
from tests.sandbox.hub import SystemHub
from tests.sandbox.serving import serving


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are repeated as often as a source does, but a hundred times as soon; for how long, the tests of the client look at."""
    patient = Policy.backoff
    monkeypatch.setattr(Policy, "backoff", lambda policy, attempt: patient(policy, attempt) / 100)


@pytest.fixture(scope="session")
def quickbooks(meridian: Path) -> Iterator[RunningSandbox]:
    """QuickBooks alone, as of the end of the company's history; nobody lets time pass here."""
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"quickbooks"}))) as running:
        yield running


# For tests of a source that read a small firm of their own: their module names its `write_firm`, the EMULATOR that shows it, and the HUB that
# reads it.


@pytest.fixture(scope="module")
def firm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = request.module.write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")
    return path


@pytest.fixture
def served(request: pytest.FixtureRequest, firm: Path) -> Iterator[str]:
    with serving(request.module.EMULATOR, firm) as (url, _):
        yield url


@pytest.fixture(scope="module")
def still(request: pytest.FixtureRequest, firm: Path) -> Iterator[str]:
    """The firm at the end of June; nobody lets time pass here."""
    with serving(request.module.EMULATOR, firm) as (url, _):
        yield url


@pytest.fixture(scope="module")
def whole(request: pytest.FixtureRequest, still: str, tmp_path_factory: pytest.TempPathFactory) -> SystemHub:
    """A hub that has read it without a fault."""
    hub: SystemHub = request.module.HUB(tmp_path_factory.mktemp("whole"), still)
    hub.load()
    return hub


@pytest.fixture
def unscripted(still: str) -> Iterator[str]:
    yield still
    httpx.delete(f"{still}/_sandbox/faults")
