from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import RunningSandbox, Shown


@pytest.fixture(scope="session")
def quickbooks(meridian: Path) -> Iterator[RunningSandbox]:
    """QuickBooks alone, as of the end of the company's history; nobody lets time pass here."""
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"quickbooks"}))) as running:
        yield running
