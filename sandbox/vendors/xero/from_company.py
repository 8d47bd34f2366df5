"""The simulated company as Xero would show one entity of it: documents as they stood from each moment on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from sandbox.database import in_memory
from sandbox.vendors.xero import company_lists as lists
from sandbox.vendors.xero import company_payments as payments
from sandbox.vendors.xero.company_rows import Row, Tracking, midnight, rows, utc
from sandbox.vendors.xero.store import Version, XeroStore, ms, present

ENTITY = "uk"
_VIEWS = files(__package__).joinpath("company.sql").read_text(encoding="utf-8")
_DOCUMENTS = {
    "sale": ("Invoices", "Invoice", "ACCREC"),
    "purchase": ("Invoices", "Invoice", "ACCPAY"),
    "sale_credit": ("CreditNotes", "CreditNote", "ACCRECCREDIT"),
    "purchase_credit": ("CreditNotes", "CreditNote", "ACCPAYCREDIT"),
}


def load_company(company: Path, store: XeroStore, *, entity: str = ENTITY) -> tuple[str, str]:
    """Fill the store with one entity; returns (tenant id, name)."""
    with in_memory() as db:
        db.execute(f"attach '{company}' as meridian (read_only)")
        db.execute("set variable entity = ?", [entity])
        db.execute(_VIEWS)
        shown = next(
            rows(db, "select *, md5(entity_id)::uuid::varchar as id from meridian.company.entity where entity_id = entity()")
        )
        parameter = next(rows(db, "select * from meridian.company.parameter"))
        born = datetime.combine(parameter["first_date"], time(), UTC)
        tracking = Tracking(db, born)
        store.add([lists.organisation(shown, born)])
        for versions in (
            lists.accounts(db),
            lists.contacts(db),
            lists.items(db, born),
            lists.tax_rates(db, born),
            lists.currencies(db, born),
            lists.budgets(db, tracking),
            tracking.versions(),
            _documents(db, tracking),
            payments.payments(db),
            payments.batch_payments(db),
            payments.bank_transactions(db, tracking),
            payments.on_account(db),
            _journals(db, tracking),
        ):
            store.add(versions)
    return shown["id"], shown["name"]


def _documents(db: duckdb.DuckDBPyConnection, tracking: Tracking) -> Iterator[Version]:
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(db, "from xero_document_line"):
        lines[row["document_id"]].append(
            present(
                LineItemID=row["id"],
                Description=row["description"],
                Quantity=row["quantity"],
                UnitAmount=row["unit_price"],
                LineAmount=row["net_amount"],
                AccountCode=row["account_code"],
                AccountID=row["account_id"],
                TaxType=row["tax_type"],
                TaxAmount=row["tax_amount"],
                ItemCode=row["sku"],
                Tracking=tracking.of(row),
            )
        )
    for row in rows(db, "from xero_document"):
        resource, noun, kind = _DOCUMENTS[row["kind"]]
        at = utc(row["at_time"])
        body = present(
            Type=kind,
            Status=row["status"],
            Reference=row["reference"],
            Contact=present(ContactID=row["contact_id"], Name=row["contact_name"]),
            DateString=f"{row['issue_date']}T00:00:00",
            Date=midnight(row["issue_date"]),
            DueDateString=f"{row['due_date']}T00:00:00",
            DueDate=midnight(row["due_date"]),
            FullyPaidOnDate=midnight(row["settled_on"]),
            LineAmountTypes="Exclusive",
            SubTotal=row["subtotal"],
            TotalTax=row["tax"],
            Total=row["total"],
            CurrencyCode=row["currency"],
            CurrencyRate=row["fx_rate"],
            UpdatedDateUTC=ms(at),
        )
        body |= {f"{noun}ID": row["id"], f"{noun}Number": row["number"], "LineItems": lines[row["document_id"]]}
        body |= _invoice_amounts(row) if noun == "Invoice" else _credit_amounts(row)
        yield Version(resource, row["id"], at, body, at)


def _invoice_amounts(row: Row) -> dict[str, Any]:
    return {"AmountDue": row["due"], "AmountPaid": row["paid"], "AmountCredited": row["credited"]}


def _credit_amounts(row: Row) -> dict[str, Any]:
    allocation = {
        "Amount": row["credited"],
        "Date": midnight(row["issue_date"]),
        "Invoice": {"InvoiceID": row["credits_id"], "InvoiceNumber": row["credits_number"]},
    }
    return {"RemainingCredit": row["due"], "Allocations": [allocation] if row["credited"] else []}


def _journals(db: duckdb.DuckDBPyConnection, tracking: Tracking) -> Iterator[Version]:
    """Journals, and the manual ones as documents too: the journal's source is the manual journal."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in rows(db, "from xero_journal_line"):
        lines[row["journal_id"]].append(row)
    for row in rows(db, "from xero_journal"):
        at = utc(row["recorded_at"])
        body = present(
            JournalID=row["id"],
            JournalDate=midnight(row["journal_date"]),
            JournalNumber=row["number"],
            CreatedDateUTC=ms(at),
            Reference=row["description"],
            SourceID=row["source_id"],
            SourceType=row["source_type"],
        )
        body["JournalLines"] = [_journal_line(line, tracking) for line in lines[row["journal_id"]]]
        yield Version("Journals", row["id"], at, body, at, row["number"])
        if row["source_type"] == "MANJOURNAL":
            manual = present(
                ManualJournalID=row["source_id"],
                Narration=row["description"],
                Date=midnight(row["journal_date"]),
                Status="POSTED",
                LineAmountTypes="NoTax",
                UpdatedDateUTC=ms(at),
            )
            manual |= {"ShowOnCashBasisReports": True, "HasAttachments": False}
            manual["JournalLines"] = [_manual_line(line, tracking) for line in lines[row["journal_id"]]]
            yield Version("ManualJournals", row["source_id"], at, manual, at)


def _journal_line(line: Row, tracking: Tracking) -> dict[str, Any]:
    body = present(
        JournalLineID=line["id"],
        AccountID=line["account_id"],
        AccountCode=line["account_code"],
        AccountType=line["account_type"],
        AccountName=line["account_name"],
        Description=line["description"],
        TaxType=line["tax_type"],
        TaxName=line["tax_name"],
        TrackingCategories=tracking.of(line),
    )
    return body | {"NetAmount": line["net_amount"], "GrossAmount": line["net_amount"], "TaxAmount": 0}


def _manual_line(line: Row, tracking: Tracking) -> dict[str, Any]:
    body = present(
        LineAmount=line["net_amount"],
        AccountID=line["account_id"],
        AccountCode=line["account_code"],
        Description=line["description"],
        Tracking=tracking.of(line),
    )
    return body | {"TaxType": "NONE", "TaxAmount": 0, "IsBlank": False}
