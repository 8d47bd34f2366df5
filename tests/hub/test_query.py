"""``finance-hub query``, as people see its answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from finance_hub import publish, settings, warehouse

NAMES = [f"measure_{number}_rpt" for number in range(1, 19)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose snapshot has one narrow table and one of many columns."""
    found = settings.load(tmp_path_factory.mktemp("home"), {})
    with warehouse.writing(found.warehouse) as database:
        database.execute("create schema core; create schema marts")
        database.execute(
            "create table marts.account as select '4000' as account_code, '[red] sales' as account_name, 12.50 as amount_rpt"
        )
        database.execute(f"create table marts.wide as select {', '.join(f'{n} + 0.25 as {name}' for n, name in enumerate(NAMES))}")
    publish.publish(found)
    return found.home


def ask(home: Path, sql: str, width: int = 80) -> str:
    command = [str(Path(sys.executable).with_name("finance-hub")), "query", sql, "--home", str(home)]
    ran = subprocess.run(command, env={**os.environ, "COLUMNS": str(width)}, capture_output=True, text=True, check=True, timeout=60)
    return ran.stdout


def test_a_narrow_answer_is_a_table_that_shows_what_is_there(home: Path) -> None:
    text = ask(home, "select * from account")
    assert all(name in text for name in ("account_code", "account_name", "amount_rpt"))
    assert "[red] sales" in text  # not taken for a colour
    assert len({len(line) for line in text.splitlines()}) == 1  # a frame around all


def test_a_wide_answer_has_a_line_for_each_column(home: Path) -> None:
    lines = ask(home, "select * from wide union all select * from wide").splitlines()
    assert [line.split()[0] for line in lines if line.startswith("measure")] == NAMES * 2
    assert sum("row" in line for line in lines) == 2
    assert [line.split() for line in lines if line.startswith("measure_18")] == [["measure_18_rpt", "17.25"]] * 2


def test_a_wide_terminal_shows_it_as_a_table(home: Path) -> None:
    text = ask(home, "select * from wide", width=400)
    assert next(line for line in text.splitlines() if "measure_1_rpt" in line).count("measure") == len(NAMES)


def test_an_answer_without_rows_shows_its_columns(home: Path) -> None:
    assert "account_code" in ask(home, "select * from account where false")
