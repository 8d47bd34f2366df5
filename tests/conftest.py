from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

import pytest

from sandbox.company import simulate
from sandbox.connections import connections_toml
from sandbox.server import RunningSandbox, Shown
from tests.books import write_books


def connect(home: Path, url: str, *, currency: str | None = "CAD", as_of: str = "2020-04-30", only: Collection[str] = ()) -> Path:
    """Write a hub.toml that points at a sandbox, at all or ``only`` some of its connections; returns the home."""
    lines = [f'as_of_date = "{as_of}"', *([f'reporting_currency = "{currency}"'] if currency else []), connections_toml(url, only)]
    home.mkdir(parents=True, exist_ok=True)
    (home / "hub.toml").write_text("\n".join(lines))
    return home


@pytest.fixture(scope="session")
def meridian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated company, a third of its size, as of 30 June 2026."""
    path = tmp_path_factory.mktemp("company") / "meridian.duckdb"
    simulate(path, scale=0.35, as_of=date(2026, 6, 30))
    return path


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_books(tmp_path_factory.mktemp("books"))


@pytest.fixture(scope="module")
def sandbox(books: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(books=books, limits=False)) as running:
        yield running


@pytest.fixture(scope="session")
def real_books() -> Path:
    folder = os.environ.get("FINANCE_HUB_REAL_DATA")
    if not folder:
        pytest.skip("real books are needed: set FINANCE_HUB_REAL_DATA to the folder that holds them")
    return Path(folder) / "xero_books"


@pytest.fixture(scope="session")
def group(meridian: Path) -> Iterator[RunningSandbox]:
    """A sandbox that shows the simulated company."""
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        yield running
