"""A ledger that Xero does not show: rebuilt from documents, it is that of the company's own journals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pytest

from finance_hub import ingestion, settings, warehouse
from finance_hub.refresh import refresh
from sandbox.server import RunningSandbox
from tests.conftest import connect
from tests.dbt import build

AS_OF = "2026-06-30"
MODELS = ("int_xero_gl_lines_conformed", "int_xero_gl_quarantined", "int_xero_documents_conformed", "int_xero_payments_conformed")


@pytest.fixture
def no_journals(group: RunningSandbox) -> Iterator[None]:
    """The vendor's answer to an app below its Advanced tier."""
    fault = {"vendor": "xero", "path": "*/Journals", "kind": "forbidden", "times": 99}
    httpx.post(f"{group.url}/_sandbox/faults", json=fault)
    yield
    httpx.delete(f"{group.url}/_sandbox/faults")


def _home(folder: Path, url: str) -> Path:
    return connect(folder, url, currency="GBP", as_of=AS_OF, only={"xero"})


@pytest.mark.usefixtures("no_journals")
@pytest.mark.heavy
def test_documents_say_what_the_journals_said_to_the_cent(group: RunningSandbox, meridian: Path, tmp_path: Path) -> None:
    """By account and month. What documents cannot know is the opening balance: it was entered when the organisation came to Xero,
    as balances of accounts, of which the vendor keeps a journal and no document.
    """
    found = settings.load(_home(tmp_path, group.url))
    warehouse.prepare(found)
    loaded = ingestion.load(found, ingestion.extract(found, found.connections["xero_uk"]))
    assert "journals" in loaded.unavailable
    build(found, *(f"+{model}" for model in MODELS))

    with warehouse.reading(found.warehouse) as database:
        database.execute(f"attach '{meridian}' as meridian (read_only)")
        database.execute("""
            create temp view told as
            select account_code, date_trunc('month', posting_date)::date as month, sum(amount_func) as amount
            from intermediate.int_xero_gl_lines_conformed join staging.stg_xero__accounts using (connection_id, account_id)
            group by all having sum(amount_func) <> 0;
            create temp view kept as
            select source_type = 'opening' as is_opening, account_code, date_trunc('month', journal_date)::date as month, sum(amount_func) as amount
            from meridian.company.journal_line join meridian.company.journal using (journal_id)
            where entity_id = 'uk' and recorded_at <= timestamp '2026-06-30 23:59:59' group by all having sum(amount_func) <> 0
        """)
        wrong = database.execute("""
            select * from told full join (from kept where not is_opening) as kept using (account_code, month)
            where told.amount is distinct from kept.amount
        """).fetchall()
        assert wrong == []
        months = database.execute("select count(distinct month), count(distinct account_code) from told").fetchone()
        assert months[0] >= 36, "the whole history"
        assert months[1] >= 25

        opening = database.execute("select account_code, amount from kept where is_opening").fetchall()
        assert {code for code, _ in opening} == {"1000", "1500", "1590", "2200", "2600", "3000", "3200"}
        assert sum((amount for _, amount in opening), Decimal(0)) == 0

        _nothing_is_lost(database)


def _nothing_is_lost(database: duckdb.DuckDBPyConnection) -> None:
    """Every journal balances in both currencies; what is open ties to its control account; nothing waits in quarantine."""
    assert database.execute("select count(*) from intermediate.int_xero_gl_quarantined").fetchone() == (0,)
    unbalanced = database.execute("""
        select journal_id from intermediate.int_xero_gl_lines_conformed group by journal_id
        having sum(amount_func) <> 0 or (count(distinct currency_txn) = 1 and sum(amount_txn) <> 0)
    """)
    assert unbalanced.fetchall() == []
    repeated = database.execute("select line_id from intermediate.int_xero_gl_lines_conformed group by line_id having count(*) > 1")
    assert repeated.fetchall() == []
    ties = dict(
        database.execute("""
            select system_account, sum(amount_func) - any_value(open_func) from intermediate.int_xero_gl_lines_conformed
            join staging.stg_xero__accounts using (connection_id, account_id)
            join (
                select case when document_kind like 'sale%' then 'debtors' else 'creditors' end as system_account,
                    sum(case when document_kind in ('sale', 'purchase_credit') then open_func else -open_func end) as open_func
                from intermediate.int_xero_documents_conformed group by all
            ) using (system_account) group by all
        """).fetchall()
    )
    assert ties.keys() == {"debtors", "creditors"}
    assert all(abs(difference) < Decimal("0.30") for difference in ties.values()), ties
    open_money = database.execute("""
        select count(*) from intermediate.int_xero_documents_conformed where document_type like '%overpayment' and open_func > 0
    """).fetchone()
    assert open_money[0] > 0, "some of it is money on account"


@pytest.mark.heavy
@pytest.mark.usefixtures("no_journals")
def test_a_whole_run_without_journals_publishes(group: RunningSandbox, tmp_path: Path) -> None:
    outcome = refresh(settings.load(_home(tmp_path, group.url)))
    assert outcome.problems == []
    assert {told.split(" of ")[0].removeprefix("check ") for told in outcome.checks_failed} <= {
        "no_bill_is_entered_twice",
        "invoice_numbers_have_no_gaps",
    }
    with duckdb.connect(str(outcome.snapshot), read_only=True) as snapshot:
        assert snapshot.execute("select count(*) from core.fct_gl_quarantine").fetchone() == (0,)
        told = snapshot.execute("select unavailable_tables from source_freshness where system = 'xero'").fetchone()[0]
        assert "journal_lines" in told
        ties = snapshot.execute("select max(abs(difference)) from subledger_tie").fetchone()[0]
        assert ties <= Decimal("0.30")
