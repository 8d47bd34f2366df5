"""A hub that somebody begins with: one system alone, or a few. Whatever is missing, the job ends well and publishes what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlt_sources.catalog import SYSTEMS
from finance_hub import publish, settings, warehouse
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


def test_a_connection_may_be_renamed_and_taken_away(meridian: Path, tmp_path: Path) -> None:
    """Under a new name everything is read anew, and what came under the former one counts for nothing; so does what is no longer connected."""
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        home = connect(tmp_path, running.url, currency="USD", as_of=AS_OF, only={"sap", "netsuite", "salesforce", "ecb"})
        connected = (home / "hub.toml").read_text()
        statements = [_statements(home, connected)]
        renamed = connected.replace("[connections.sap_de]", "[connections.s4]")
        statements.append(_statements(home, renamed.replace("[connections.rates]", "[connections.central_bank]")))
        without, rest = connected.split("[connections.sap_de]")
        statements.append(_statements(home, without + rest[rest.index("[connections.") :]))
    assert statements[1] == statements[0]
    assert statements[2] == [row for row in statements[0] if row[0] != "meridian_deutschland_gmbh"]


def _statements(home: Path, toml: str) -> list[tuple[Any, ...]]:
    """The profit and loss of a hub with these settings, by company, account and month."""
    (home / "hub.toml").write_text(toml)
    outcome = refresh(settings.load(home))
    assert outcome.problems == []
    with warehouse.reading(publish.current(home)) as database:
        return database.execute(
            "select entity_id, account_code, period_month, amount_func, amount_rpt from marts.profit_and_loss order by all"
        ).fetchall()
