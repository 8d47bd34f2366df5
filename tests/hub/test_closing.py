"""Closed months: sealed with the snapshot, found when they change, shown in the open month, restated for a reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finance_hub import closing, ingestion, settings, warehouse
from finance_hub.defs.quality import periods
from finance_hub.expectations import Check, evaluate
from finance_hub.settings import Settings, SettingsError
from sandbox.server import RunningSandbox
from tests import dbt
from tests.conftest import connect

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
CHECKS: dict[str, Check] = {check.name: check for check in periods.CHECKS}


def build(found: Settings) -> None:
    """The ledger and what it needs, as a run builds it."""
    warehouse.prepare(found)
    dbt.build(found, "+trial_balance", "+dim_closing")


def build_again(found: Settings) -> None:
    """What depends on the closings, and with them on the journals."""
    warehouse.prepare(found)
    dbt.build(found, "int_ledger_gl_lines_stacked", "dim_closing+,+trial_balance")


def close(home: Path, changes: str = "block", reason: str = "") -> Settings:
    """Settings in which the books are closed until the end of February."""
    toml = home / "hub.toml"
    text = toml.read_text().split("[closing")[0]
    toml.write_text(f'{text}[closing.books]\nuntil = 2020-02-29\nchanges = "{changes}"\nreason = "{reason}"\n')
    return settings.load(home)


def movement(found: Settings, month: str, account: str) -> Decimal:
    with warehouse.reading(found.warehouse) as database:
        return database.execute(
            "select sum(amount_func) from marts.trial_balance where period_month = ? and account_code = ?", [month, account]
        ).fetchone()[0]


@pytest.fixture(scope="module")
def home(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub whose February is sealed, and to which a January bill of 100 has been added afterwards."""
    home = connect(tmp_path_factory.mktemp("closing"), sandbox.url)
    toml = home / "hub.toml"
    toml.write_text("".join(line if not line.startswith("entity") else 'entity = "Books"\n' for line in toml.open()))
    found = close(home)
    warehouse.prepare(found)
    ingestion.load(found, ingestion.extract(found, found.connections["books"]))
    build(found)
    with warehouse.writing(found.warehouse) as database:
        assert closing.seal(database) == 4, "November to February"
        assert closing.seal(database) == 0, "once"
        assert evaluate(CHECKS["closed_months_are_left_alone"], found, database).passed
        assert evaluate(CHECKS["closed_months_hold_their_seal"], found, database).passed
        lines = "select journal_line_id from xero.journal_lines join xero.journals using (connection_id, journal_id) where journal_date = '2020-01-01'"
        for account, amount in (("469", 100), ("800", -100)):
            database.execute(
                f"update xero.journal_lines set net_amount = net_amount + ? where account_code = ? and journal_line_id = "
                f"(select min(journal_line_id) from ({lines}) join xero.journal_lines using (journal_line_id) where account_code = ?)",
                [amount, account, account],
            )
    return home


def test_a_change_stands_in_the_open_month_and_stops_publishing(home: Path) -> None:
    found = close(home)
    before = movement(found, "2020-01-01", "469")
    build_again(found)
    assert movement(found, "2020-01-01", "469") == before, "as it was published"
    assert movement(found, "2020-03-01", "469") == Decimal("600.25"), "a month's rent and the change"
    with warehouse.writing(found.warehouse) as database:
        verdict = evaluate(CHECKS["closed_months_are_left_alone"], found, database)
        assert not verdict.passed
        assert [(place.entity_id, place.period_month, place.failed_rows) for place in verdict.places] == [
            ("books", "2020-01-01", 2)
        ]
        assert evaluate(CHECKS["closed_months_hold_their_seal"], found, database).passed
        assert database.execute("select sum(amount_func) from core.fct_gl_line").fetchone()[0] == 0


def test_somebody_may_decide_that_it_stays_in_the_open_month(home: Path) -> None:
    found = close(home, "adjust")
    build_again(found)
    assert movement(found, "2020-03-01", "469") == Decimal("600.25")
    with warehouse.writing(found.warehouse) as database:
        assert evaluate(CHECKS["closed_months_are_left_alone"], found, database).passed


def test_a_seal_or_a_balance_that_is_changed_by_hand_is_found(home: Path) -> None:
    found = close(home, "adjust")
    with warehouse.writing(found.warehouse) as database:
        for damage in (
            "update hub.closed_balances set net_func = net_func + 1 where period_month = '2020-01-01'",
            "update hub.period_seals set content_hash = sha256('other') where period_month = '2019-12-01'",
            "delete from hub.period_seals where period_month = '2019-12-01'",
            "update marts.trial_balance set amount_func = amount_func + 1 where period_month = '2020-01-01' and account_code = '469'",
        ):
            database.execute("begin")
            database.execute(damage)
            assert not evaluate(CHECKS["closed_months_hold_their_seal"], found, database).passed, damage
            database.execute("rollback")


def test_a_restatement_needs_a_reason_and_is_sealed_beside_what_stood_before(home: Path) -> None:
    with pytest.raises(SettingsError, match="reason"):
        close(home, "restate")
    found = close(home, "restate", "The bill was entered late; approved by the auditor.")
    build_again(found)
    assert movement(found, "2020-01-01", "469") == Decimal("600.25")
    assert movement(found, "2020-03-01", "469") == Decimal("500.25")
    with warehouse.writing(found.warehouse) as database:
        assert closing.seal(database) == 1
        seals = database.execute(
            "select version, reason from hub.period_seals where period_month = '2020-01-01' order by 1"
        ).fetchall()
        assert seals == [(1, ""), (2, "The bill was entered late; approved by the auditor.")]
        assert evaluate(CHECKS["closed_months_hold_their_seal"], found, database).passed
    assert found.closings["books"].until == date(2020, 2, 29)
