"""The same books through the REST API and through extracts: one ledger, line by line, and the company's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from finance_hub import ingestion, settings, warehouse
from sandbox.server import RunningSandbox
from sandbox.vendors.oracle_fusion import books, write_extract
from tests.conftest import connect
from tests.dbt import build

pytestmark = pytest.mark.heavy
AS_OF = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
SHAPES = ("accounts", "books", "campaigns", "documents", "fx_rates", "gl_lines", "parties", "payments", "plan_lines")
EXTRACTS = """
[connections.extracts]
system = "oracle_fusion"
entity = "Meridian Japan by extracts"
extract_folder = "{folder}"
segments = "company, account, cost_center=costCenter, product, campaign, intercompany, future=future1"
value_sets = "account=MERIDIAN_ACCOUNT, cost_center=MERIDIAN_COST_CENTER, campaign=MERIDIAN_CAMPAIGN, intercompany=MERIDIAN_INTERCOMPANY"
"""


@pytest.fixture(scope="module")
def database(
    group: RunningSandbox, meridian: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A hub that has read the books both ways, its models up to the shapes of the ledger, and the company beside it."""
    home = connect(tmp_path_factory.mktemp("oracle"), group.url, as_of="2026-06-30", only={"oracle_fusion"})
    shown = books(meridian, AS_OF)
    shown.move(AS_OF)
    (home / "extracts").mkdir()
    write_extract(shown, home / "extracts", at=AS_OF, keys=True)
    with (home / "hub.toml").open("a") as toml:
        toml.write(EXTRACTS.format(folder=home / "extracts"))
    found = settings.load(home)
    warehouse.prepare(found)
    for connection in found.connections.values():
        assert ingestion.load(found, ingestion.extract(found, connection)).quarantined == 0
    build(found, *(f"+int_oracle_fusion_{shape}_conformed" for shape in SHAPES))
    with warehouse.reading(found.warehouse) as reading:
        reading.execute(f"attach '{meridian}' as meridian (read_only)")
        for shape in SHAPES:
            reading.execute(f"create temp table told_{shape} as from intermediate.int_oracle_fusion_{shape}_conformed")
        yield reading


def differences(database: duckdb.DuckDBPyConnection, shape: str, columns: str) -> list[tuple[object, ...]]:
    """Rows that only one of the two ways tells."""
    told = f"select {columns} from told_{shape} where connection_id"
    ours, theirs = f"{told} = 'oracle_fusion_jp'", f"{told} = 'extracts'"
    return database.execute(f"(({ours}) except all ({theirs})) union all (({theirs}) except all ({ours}))").fetchall()


def test_both_ways_tell_the_same_ledger_line_by_line(database: duckdb.DuckDBPyConnection) -> None:
    lines = """line_id, line_number, journal_id, journal_number, posting_date, document_date, entry_created_at, account_id, department_name,
        campaign_ref, product_ref, partner_ref, document_kind, document_type, document_id, document_number, description, amount_func,
        amount_txn, currency_txn, is_reversal, reverses_journal_id, is_manual, created_by"""
    assert differences(database, "gl_lines", lines) == []
    assert differences(database, "accounts", "account_id, account_name, account_class, account_type, system_role, is_active") == []
    assert differences(database, "books", "* exclude (connection_id)") == []
    assert differences(database, "campaigns", "* exclude (connection_id)") == []
    documents = "document_id, document_kind, document_date, due_date, total_txn, open_txn, total_func, open_func, status"
    assert differences(database, "documents", documents) == []
    payments = "payment_id, payment_kind, payment_date, bank_account_id, currency_txn, amount_txn, amount_func, status"
    assert differences(database, "payments", payments) == []
    made = database.execute("select count(*), count(distinct line_id) from told_gl_lines")
    rows, distinct = made.fetchone()
    assert rows == 2 * distinct > 10_000


def test_every_line_is_one_of_the_companys_journals(database: duckdb.DuckDBPyConnection) -> None:
    """With its day, account, department, amounts and whether it takes another back."""
    told = """
        select posting_date, account_id, department_name, amount_func, amount_txn, currency_txn, is_reversal
        from told_gl_lines where connection_id = 'oracle_fusion_jp'
    """
    kept = """
        select journal_date, account_code, department.name, amount_func, amount_txn, currency_txn, reverses_journal_id is not null
        from meridian.company.journal_line join meridian.company.journal using (journal_id)
        left join meridian.company.department using (department_id)
        where journal.entity_id = 'jp' and recorded_at <= timestamp '2026-06-30 23:59:59'
    """
    wrong = database.execute(f"(({told}) except all ({kept})) union all (({kept}) except all ({told}))").fetchall()
    assert wrong == []


def test_documents_and_parties_are_found_by_the_numbers_that_journals_tell(database: duckdb.DuckDBPyConnection) -> None:
    lost = database.execute("""
        select document_kind, document_number from told_gl_lines
        where connection_id = 'oracle_fusion_jp' and document_number is not null and (document_id is null or party_id is null)
    """).fetchall()
    assert lost == []
    undone = database.execute("""
        select document_kind, count(*) from told_documents
        where connection_id = 'oracle_fusion_jp' and status = 'voided' group by all order by all
    """).fetchall()
    kept = database.execute("""
        select kind, count(*) from meridian.company.document
        where entity_id = 'jp' and voided_at <= timestamp '2026-06-30 23:59:59' group by all order by all
    """).fetchall()
    assert dict(undone) == {**dict(kept), "sale_credit": dict(kept)["sale"]}, "a sale is taken back by a credit memo"
    assert database.execute("select count(*) from told_plan_lines").fetchone() == (0,)
