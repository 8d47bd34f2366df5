"""A hub that somebody begins with: one system alone, or a few. Whatever is missing, the job ends well and publishes what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlt_sources.catalog import SYSTEMS
from finance_hub import settings
from finance_hub.refresh import refresh
from sandbox.server import RunningSandbox, Shown
from tests.conftest import connect
from tests.hub.conftest import AS_OF

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
ALONE = sorted(SYSTEMS.keys() - {"database", "ecb"})  # a database has tests of its own, rates alone are of nobody
TOGETHER = (
    "quickbooks pipedrive",
    "salesforce ecb",
    "hubspot salesforce pipedrive marketo mailchimp",
    "sap oracle_fusion netsuite quickbooks xero",
)


@pytest.mark.parametrize("systems", [*ALONE, *TOGETHER])
def test_a_few_systems_are_enough(systems: str, meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        outcome = refresh(settings.load(connect(tmp_path, running.url, currency="USD", as_of=AS_OF, only=set(systems.split()))))
    assert outcome.problems == []
    assert outcome.snapshot is not None
