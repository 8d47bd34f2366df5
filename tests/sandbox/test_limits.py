"""Vendors that count calls: a first read of everything, as fast as the source's own settings let it, is never told that it is too fast."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import httpx
import pytest

from finance_hub import ingestion, settings, warehouse
from sandbox.connections import connections_toml
from sandbox.server import RunningSandbox, Shown

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
COUNTING = ("adaptive", "anaplan", "google_ads", "hubspot", "marketo", "pipedrive", "quickbooks", "vena", "xero")
_TOO_MANY = 429


@pytest.mark.parametrize("system", COUNTING)
def test_a_first_read_keeps_within_the_limits(system: str, meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, only=frozenset({system}))) as running:
        (tmp_path / "hub.toml").write_text(f'as_of_date = "2026-06-30"\n{connections_toml(running.url, limits=True)}')
        found = settings.load(tmp_path)
        warehouse.prepare(found)
        read = sum(ingestion.load(found, ingestion.extract(found, each)).total for each in found.connections.values())
        calls = httpx.get(f"{running.url}/_sandbox/log", params={"vendor": system}).json()
    statuses = Counter(call["status"] for call in calls)
    assert read > 0
    assert statuses[_TOO_MANY] == 0, statuses
