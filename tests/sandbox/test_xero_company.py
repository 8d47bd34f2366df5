"""The simulated company as Xero shows it: the vendor's client reads what the company's records say."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pytest

from sandbox.server import RunningSandbox, Shown
from tests.sandbox.test_xero_emulator import Xero, grant, journals


@pytest.fixture
def xero(group: RunningSandbox) -> Xero:
    return Xero(group.url, grant(group.url, grant_type="client_credentials"))


def _company(meridian: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{meridian}' as meridian (read_only); use meridian")
        return connection.execute(sql).fetchall()


def test_the_ledger_is_that_of_the_company(xero: Xero, meridian: Path) -> None:
    shown: dict[str, Decimal] = {}
    for journal in journals(xero):
        for line in journal.journal_lines:
            shown[line.account_code] = shown.get(line.account_code, Decimal(0)) + line.net_amount
    kept = dict(
        _company(
            meridian,
            """select account_code, sum(amount_func) from company.journal_line join company.journal using (journal_id)
            where entity_id = 'uk' and recorded_at <= timestamp '2026-06-30 23:59:59' group by 1""",
        )
    )

    assert {code: amount for code, amount in shown.items() if amount} == {code: amount for code, amount in kept.items() if amount}


def test_documents_payments_and_budgets_are_read_by_the_vendors_client(xero: Xero) -> None:
    invoices = xero.accounting.get_invoices(xero.tenant, page=1, page_size=1000).invoices
    assert {"AUTHORISED", "PAID", "VOIDED", "DELETED"} <= {invoice.status for invoice in invoices} | {
        invoice.status for invoice in xero.accounting.get_invoices(xero.tenant, where='Status=="DELETED"', page=1).invoices
    }
    assert all(invoice.amount_due + invoice.amount_paid + invoice.amount_credited == invoice.total for invoice in invoices)
    payments = xero.accounting.get_payments(xero.tenant, page=1, page_size=1000).payments
    assert {payment.payment_type for payment in payments} >= {"ACCRECPAYMENT", "ACCPAYPAYMENT"}
    notes = xero.accounting.get_credit_notes(xero.tenant, page=1).credit_notes
    assert any(note.allocations for note in notes)
    budgets = xero.accounting.get_budgets(xero.tenant).budgets
    assert {budget.type for budget in budgets} == {"OVERALL", "TRACKING"}
    categories = xero.accounting.get_tracking_categories(xero.tenant).tracking_categories
    assert {category.name for category in categories} == {"Department", "Campaign"}


def test_time_brings_new_and_changed_documents_and_nothing_else(meridian: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        xero = Xero(running.url, grant(running.url, grant_type="client_credentials"))
        before = xero.accounting.get_invoices(xero.tenant, page=1).pagination.item_count
        since = datetime(2026, 7, 1, tzinfo=UTC)
        assert xero.accounting.get_invoices(xero.tenant, if_modified_since=since, page=1).invoices == []
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 10})
        xero = Xero(running.url, grant(running.url, grant_type="client_credentials"))
        changed = xero.accounting.get_invoices(xero.tenant, if_modified_since=since, page=1).invoices
        after = xero.accounting.get_invoices(xero.tenant, page=1).pagination.item_count

    assert before < after < before + len(changed), "some are new, some were paid"
    assert all(invoice.updated_date_utc >= since for invoice in changed)
