"""The demo as a newcomer runs it, on a small company as of yesterday."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from finance_hub import publish
from tests.hub.test_group import CAMPAIGN_RETURNS

HUB = str(Path(sys.executable).parent / "finance-hub")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo's home and what it printed."""
    home = tmp_path_factory.mktemp("demo") / "home"
    ran = subprocess.run([HUB, "demo", "--home", str(home), "--scale", "0.25"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return home, ran.stdout


def test_it_shows_everything_that_the_hub_is_for(shown: tuple[Path, str]) -> None:
    for title in (
        "Rows by source",
        "Profit and loss of the group by quarter",
        "Campaigns with the best return",
        "What a customer costs and is worth",
        "Budget variances that broke their threshold",
        "Checks of behaviour",
        "Alerts",
        "finance-hub ui",
        "finance-hub query",
    ):
        assert title in shown[1], title
    assert "checks passed" in shown[1]
    assert "Nothing was published" not in shown[1]


def test_afterwards_nothing_is_left_running(shown: tuple[Path, str]) -> None:
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(shown[0]) not in running


def test_the_last_thirty_days_of_campaigns_are_alive(shown: tuple[Path, str]) -> None:
    """The query that people write first runs unchanged and has rows, for it is as of yesterday."""
    answer = subprocess.run(
        [HUB, "query", CAMPAIGN_RETURNS, "--home", str(shown[0]), "--format", "json"], capture_output=True, text=True, check=True
    )
    rows = json.loads(answer.stdout)
    assert rows
    known = subprocess.run(
        [
            HUB,
            "query",
            "select coalesce(sum(amount_rpt), 0) as total from core.fct_conversion where converted_at::date >= current_date - interval '30 days'",
            *("--home", str(shown[0]), "--format", "json"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert sum(Decimal(str(row["total_revenue"])) for row in rows) == Decimal(str(json.loads(known.stdout)[0]["total"]))


def test_it_leaves_settings_of_your_own_alone(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('reporting_currency = "GBP"\n')
    ran = subprocess.run([HUB, "demo", "--home", str(tmp_path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "settings of your own" in ran.stderr
    assert (tmp_path / "hub.toml").read_text() == 'reporting_currency = "GBP"\n'


def test_the_snapshot_holds_core_and_marts(shown: tuple[Path, str]) -> None:
    assert publish.current(shown[0]).name == "hub_000001.duckdb"
