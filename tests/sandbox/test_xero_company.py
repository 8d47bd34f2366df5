"""The simulated company as Xero shows it: the vendor's client reads what the company's records say."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

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
    invoices = _all(xero, "invoices")
    assert {"AUTHORISED", "PAID", "VOIDED", "DELETED"} <= {invoice.status for invoice in invoices} | {
        invoice.status for invoice in xero.accounting.get_invoices(xero.tenant, where='Status=="DELETED"', page=1).invoices
    }
    assert all(invoice.amount_due + invoice.amount_paid + invoice.amount_credited == invoice.total for invoice in invoices)
    payments = _all(xero, "payments")
    assert {payment.payment_type for payment in payments} >= {"ACCRECPAYMENT", "ACCPAYPAYMENT"}
    notes = xero.accounting.get_credit_notes(xero.tenant, page=1).credit_notes
    assert any(note.allocations for note in notes)
    budgets = xero.accounting.get_budgets(xero.tenant).budgets
    assert {budget.type for budget in budgets} == {"OVERALL", "TRACKING"}
    categories = xero.accounting.get_tracking_categories(xero.tenant).tracking_categories
    assert {category.name for category in categories} == {"Department", "Campaign"}


def _all(xero: Xero, listing: str) -> list[Any]:
    """Every document of a paged listing."""
    fetch = getattr(xero.accounting, f"get_{listing}")
    first = fetch(xero.tenant, page=1, page_size=1000)
    pages = [fetch(xero.tenant, page=page, page_size=1000) for page in range(2, first.pagination.page_count + 1)]
    return [document for page in (first, *pages) for document in getattr(page, listing)]


def test_the_lists_that_documents_refer_to_are_read_by_the_vendors_client(xero: Xero) -> None:
    codes = {line.item_code for invoice in _all(xero, "invoices") for line in invoice.line_items} - {None}
    assert {item.code for item in xero.accounting.get_items(xero.tenant).items} == codes
    taxes = {line.tax_type for invoice in _all(xero, "invoices") for line in invoice.line_items}
    rates = xero.accounting.get_tax_rates(xero.tenant).tax_rates
    assert taxes <= {rate.tax_type for rate in rates}
    assert {rate.effective_rate for rate in rates} == {0, 20}
    assert {currency.code.value for currency in xero.accounting.get_currencies(xero.tenant).currencies} == {"GBP", "EUR", "USD"}
    assert xero.accounting.get_bank_transfers(xero.tenant).bank_transfers == [], "there is one bank account"


def test_manual_journals_are_those_that_journals_name_as_their_source(xero: Xero) -> None:
    manual = {journal.manual_journal_id: journal for journal in _all(xero, "manual_journals")}
    posted = [journal for journal in journals(xero) if journal.source_type == "MANJOURNAL"]
    assert {journal.source_id for journal in posted} == manual.keys()
    for journal in posted:
        lines = manual[journal.source_id].journal_lines
        assert [line.line_amount for line in lines] == [line.net_amount for line in journal.journal_lines]


def test_money_on_account_is_a_bank_transaction_whose_rest_is_set_against_invoices(xero: Xero) -> None:
    """What remains of it stands on the control account, as the invoices do that it was not set against yet."""
    banked = {
        each.overpayment_id or each.prepayment_id: each
        for each in _all(xero, "bank_transactions")
        if each.overpayment_id or each.prepayment_id
    }
    overpayments, prepayments = _all(xero, "overpayments"), _all(xero, "prepayments")
    assert {each.overpayment_id for each in overpayments} | {each.prepayment_id for each in prepayments} == banked.keys()
    assert {each.status for each in overpayments} == {"AUTHORISED", "PAID"}, "some is still open"
    invoices = {invoice.invoice_id: invoice for invoice in _all(xero, "invoices")}
    for each in (*overpayments, *prepayments):
        assert each.remaining_credit + sum(allocation.amount for allocation in each.allocations) == each.total
        for allocation in each.allocations:
            assert invoices[allocation.invoice.invoice_id].amount_credited == each.total
    sources = {journal.source_type for journal in journals(xero) if journal.source_id in banked}
    assert sources == {"AROVERPAYMENT", "APOVERPAYMENT", "APPREPAYMENT"}


def test_batches_hold_the_payments_that_name_them(xero: Xero) -> None:
    payments = {payment.payment_id: payment for payment in _all(xero, "payments")}
    batches = xero.accounting.get_batch_payments(xero.tenant).batch_payments
    assert len(batches) > 20
    for batch in batches:
        assert sum(payment.amount for payment in batch.payments) == batch.total_amount
        assert {payments[payment.payment_id].batch_payment_id for payment in batch.payments} == {batch.batch_payment_id}
    held = {payment.payment_id for batch in batches for payment in batch.payments}
    assert held == {payment.payment_id for payment in payments.values() if payment.batch_payment_id}


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
