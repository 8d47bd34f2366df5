"""The demo as a newcomer runs it, and what it does not do."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from tests.hub.conftest import HUB
from tests.hub.test_group import CAMPAIGN_RETURNS


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a demo as of yesterday."""
    home = tmp_path_factory.mktemp("demo") / "home"
    ran = subprocess.run([HUB, "demo", "--home", str(home), "--scale", "0.25"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return home


@pytest.mark.heavy
def test_the_last_thirty_days_of_campaigns_are_alive(shown: Path) -> None:
    """The query that people write first runs unchanged and has rows, for it is as of yesterday."""
    answer = subprocess.run(
        [HUB, "query", CAMPAIGN_RETURNS, "--home", str(shown), "--format", "json"], capture_output=True, text=True, check=True
    )
    rows = json.loads(answer.stdout)
    assert rows
    known = subprocess.run(
        [
            HUB,
            "query",
            "select coalesce(sum(amount_rpt), 0) as total from core.fct_conversion where converted_at::date >= current_date - interval '30 days'",
            *("--home", str(shown), "--format", "json"),
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
