"""Real books as Xero would show them: a folder of tables in the shape of a ledger export, one CSV per resource.

Column names are snake_case forms of the API's fields. What the export lacks is left absent, as Xero leaves out what is empty.
Nothing is made up; the base currency is that of the documents whose rate is 1. Manual journals and bank transfers are no tables of the
export: they are what their own journals say, which hold all of them. Payments cannot be had that way, since journals do not name the
documents that are paid. Journals on a cash basis are left aside: nobody asks for them, and those of the export name accounts that its
chart has not.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.vendors.xero.store import Version, XeroStore, decimal, ms, present

Rows = list[dict[str, str]]


def load_books(folder: Path, store: XeroStore) -> tuple[str, str, datetime]:
    """Fill the store; returns (tenant id, name, the moment of the last change in the books).

    Raises FileNotFoundError naming the table that is missing.
    """
    tables = {name: _read(folder, name) for name in _TABLES}
    organisation = tables["organization"][0]
    journals = list(_journals(tables))
    documents = [*_invoices(tables)]
    last = max(version.updated_at for version in [*journals, *documents])
    first = min(version.updated_at for version in [*journals, *documents])
    tenant_id = organisation["organisation_id"]
    name = "Real Books"
    store.add([_organisation(tables, name, first)])
    store.add(_accounts(tables, first))
    store.add(_contacts(tables, first))
    store.add(_tracking(tables, first))
    store.add(_credit_notes(tables, last))
    store.add(_bank_transactions(tables, last))
    store.add(_manual_journals(tables))
    store.add(_bank_transfers(tables))
    store.add(_currencies(tables, first))
    store.add(_tax_rates(tables, first))
    store.add(documents)
    store.add(journals)
    return tenant_id, name, last


_TABLES = (
    "organization",
    "account",
    "contact",
    "journal",
    "journal_line",
    "journal_line_has_tracking_category",
    "invoice",
    "invoice_line_item",
    "invoice_line_item_has_tracking_category",
    "credit_note",
    "bank_transaction",
    "tracking_category",
    "tracking_category_has_option",
    "tracking_category_option",
)


def _read(folder: Path, name: str) -> Rows:
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"The books in {folder.name} lack {path.name}.")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace(" UTC", "")).replace(tzinfo=UTC)


def _midnight(text: str) -> str | None:
    return ms(datetime.combine(date.fromisoformat(text), time(), UTC)) if text else None


def _by(rows: Rows, *columns: str) -> dict[tuple[str, ...], Rows]:
    grouped: dict[tuple[str, ...], Rows] = defaultdict(list)
    for row in rows:
        grouped[tuple(row[column] for column in columns)].append(row)
    return grouped


def _organisation(tables: dict[str, Rows], name: str, at: datetime) -> Version:
    row = tables["organization"][0]
    base = Counter(document["currency_code"] for document in tables["invoice"] if Decimal(document["currency_rate"] or 0) == 1)
    body = present(
        OrganisationID=row["organisation_id"],
        Name=name,
        LegalName=name,
        BaseCurrency=base.most_common(1)[0][0] if base else None,
        OrganisationType="COMPANY",
        OrganisationStatus="ACTIVE",
        FinancialYearEndDay=int(row["financial_year_end_day"]),
        FinancialYearEndMonth=int(row["financial_year_end_month"]),
        CreatedDateUTC=ms(at),
    )
    return Version("Organisation", row["organisation_id"], at, body, at)


def _accounts(tables: dict[str, Rows], at: datetime) -> Iterator[Version]:
    for row in tables["account"]:
        body = present(AccountID=row["account_id"], Code=row["code"], Name=row["name"], Type=row["type"], Class=row["class"])
        yield Version("Accounts", row["account_id"], at, {**body, "Status": "ACTIVE", "UpdatedDateUTC": ms(at)}, at)


def _contacts(tables: dict[str, Rows], at: datetime) -> Iterator[Version]:
    buys = {row["contact_id"] for row in tables["invoice"] if row["type"] == "ACCREC"}
    sells = {row["contact_id"] for row in tables["invoice"] if row["type"] == "ACCPAY"}
    for row in tables["contact"]:
        key = row["contact_id"]
        body = present(
            ContactID=key, ContactStatus="ARCHIVED" if row["_fivetran_deleted"] == "true" else "ACTIVE", Name=row["name"]
        )
        yield Version(
            "Contacts", key, at, {**body, "IsSupplier": key in sells, "IsCustomer": key in buys, "UpdatedDateUTC": ms(at)}, at
        )


def _tracking(tables: dict[str, Rows], at: datetime) -> Iterator[Version]:
    options = {row["tracking_option_id"]: row for row in tables["tracking_category_option"]}
    members = _by(tables["tracking_category_has_option"], "tracking_category_id")
    for row in tables["tracking_category"]:
        key = row["tracking_category_id"]
        listed = [options[member["tracking_option_id"]] for member in members[(key,)] if member["tracking_option_id"] in options]
        body = {
            "TrackingCategoryID": key,
            "Name": row["name"],
            "Status": row["status"],
            "Options": [{"TrackingOptionID": o["tracking_option_id"], "Name": o["name"], "Status": o["status"]} for o in listed],
        }
        yield Version("TrackingCategories", key, at, body, at)


def _journals(tables: dict[str, Rows]) -> Iterator[Version]:
    lines = _by(tables["journal_line"], "journal_id")
    tracking = _by(tables["journal_line_has_tracking_category"], "journal_line_id")
    categories = {row["tracking_category_id"]: row["name"] for row in tables["tracking_category"]}
    for row in tables["journal"]:
        created = _moment(row["created_date_utc"])
        body = present(
            JournalID=row["journal_id"],
            JournalDate=_midnight(row["journal_date"]),
            JournalNumber=int(row["journal_number"]),
            CreatedDateUTC=ms(created),
            Reference=row["reference"],
            SourceID=row["source_id"],
            SourceType=row["source_type"],
        )
        body["JournalLines"] = [_journal_line(line, tracking, categories) for line in lines[(row["journal_id"],)]]
        yield Version("Journals", row["journal_id"], created, body, created, int(row["journal_number"]))


def _journal_line(line: dict[str, str], tracking: dict[tuple[str, ...], Rows], categories: dict[str, str]) -> dict[str, Any]:
    return present(
        JournalLineID=line["journal_line_id"],
        AccountID=line["account_id"],
        AccountCode=line["account_code"],
        AccountType=line["account_type"],
        AccountName=line["account_name"],
        Description=line["description"],
        NetAmount=decimal(line["net_amount"]),
        GrossAmount=decimal(line["gross_amount"]),
        TaxAmount=decimal(line["tax_amount"]),
        TaxType=line["tax_type"],
        TaxName=line["tax_name"],
        TrackingCategories=[
            present(
                Name=categories.get(t["tracking_category_id"]),
                Option=t["option"],
                TrackingCategoryID=t["tracking_category_id"],
                TrackingOptionID=t["tracking_category_option_id"],
            )
            for t in tracking[(line["journal_line_id"],)]
        ],
    )


def _invoices(tables: dict[str, Rows]) -> Iterator[Version]:
    lines = _by(tables["invoice_line_item"], "invoice_id")
    tracking = _by(tables["invoice_line_item_has_tracking_category"], "invoice_id", "line_item_id")
    names = {row["contact_id"]: row["name"] for row in tables["contact"]}
    for row in tables["invoice"]:
        changed = _moment(row["updated_date_utc"])
        body = present(
            Type=row["type"],
            InvoiceID=row["invoice_id"],
            InvoiceNumber=row["invoice_number"],
            Reference=row["reference"],
            Contact=present(ContactID=row["contact_id"], Name=names.get(row["contact_id"])),
            DateString=f"{row['date']}T00:00:00" if row["date"] else None,
            Date=_midnight(row["date"]),
            DueDateString=f"{row['due_date']}T00:00:00" if row["due_date"] else None,
            DueDate=_midnight(row["due_date"]),
            FullyPaidOnDate=_midnight(row["fully_paid_on_date"]),
            Status=row["status"],
            LineAmountTypes=row["line_amount_types"],
            SubTotal=decimal(row["sub_total"]),
            TotalTax=decimal(row["total_tax"]),
            Total=decimal(row["total"]),
            AmountDue=decimal(row["amount_due"]),
            AmountPaid=decimal(row["amount_paid"]),
            AmountCredited=decimal(row["amount_credited"]),
            CurrencyCode=row["currency_code"],
            CurrencyRate=decimal(row["currency_rate"]),
            UpdatedDateUTC=ms(changed),
        )
        body["LineItems"] = [
            present(
                LineItemID=line["line_item_id"],
                Description=line["description"],
                Quantity=decimal(line["quantity"]),
                UnitAmount=decimal(line["unit_amount"]),
                LineAmount=decimal(line["line_amount"]),
                AccountCode=line["account_code"],
                TaxType=line["tax_type"],
                TaxAmount=decimal(line["tax_amount"]),
                ItemCode=line["item_code"],
                Tracking=[
                    present(Name=None, Option=t["option"], TrackingCategoryID=t["tracking_category_id"])
                    for t in tracking[(row["invoice_id"], line["line_item_id"])]
                ],
            )
            for line in lines[(row["invoice_id"],)]
        ]
        yield Version("Invoices", row["invoice_id"], changed, body, changed)


def _credit_notes(tables: dict[str, Rows], at: datetime) -> Iterator[Version]:
    """Credit notes, of which the export holds the contact alone."""
    for row in tables["credit_note"]:
        body = present(CreditNoteID=row["credit_note_id"], Contact=present(ContactID=row["contact_id"]), UpdatedDateUTC=ms(at))
        yield Version("CreditNotes", row["credit_note_id"], at, body, at)


def _bank_transactions(tables: dict[str, Rows], at: datetime) -> Iterator[Version]:
    """Bank transactions, of which the export holds the contact alone; type, day and account are those of their journal."""
    kinds = {"CASHPAID": "SPEND", "CASHREC": "RECEIVE"}
    journals = {row["source_id"]: row for row in tables["journal"] if row["source_type"] in kinds}
    lines = _by(tables["journal_line"], "journal_id")
    for row in tables["bank_transaction"]:
        key = row["bank_transaction_id"]
        journal = journals.get(key)
        if journal is None:
            continue  # deleted before it was posted: without a type the API would not show it
        bank = next((line for line in lines[(journal["journal_id"],)] if line["account_type"] == "BANK"), None)
        body = present(
            Type=kinds[journal["source_type"]],
            BankTransactionID=key,
            Contact=present(ContactID=row["contact_id"]) or None,
            DateString=f"{journal['journal_date']}T00:00:00",
            Date=_midnight(journal["journal_date"]),
            Status="AUTHORISED",
            UpdatedDateUTC=ms(at),
        )
        account = present(AccountID=bank["account_id"], Code=bank["account_code"]) if bank else {}
        yield Version("BankTransactions", key, at, {**body, "LineItems": [], "BankAccount": account}, at)


def _by_source(tables: dict[str, Rows], source_type: str) -> Iterator[tuple[str, Rows, dict[tuple[str, ...], Rows]]]:
    """The journals of each source in the order in which they were posted, with the lines of all journals."""
    lines = _by(tables["journal_line"], "journal_id")
    journals = [row for row in tables["journal"] if row["source_type"] == source_type]
    for (source_id,), posted in _by(journals, "source_id").items():
        yield source_id, sorted(posted, key=lambda row: int(row["journal_number"])), lines


def _is_undone(posted: Rows, lines: dict[tuple[str, ...], Rows]) -> bool:
    """Whether the journals of a source leave nothing: the last one reverses it."""
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for row in posted:
        for line in lines[(row["journal_id"],)]:
            moved[line["account_id"]] += Decimal(line["net_amount"])
    return len(posted) > 1 and not any(moved.values())


def _manual_journals(tables: dict[str, Rows]) -> Iterator[Version]:
    """Manual journals as they stand after their last edit, which has reversed what they were before."""
    for source_id, posted, lines in _by_source(tables, "MANJOURNAL"):
        is_voided = _is_undone(posted, lines)
        shown = posted[0] if is_voided else posted[-1]
        changed = _moment(posted[-1]["created_date_utc"])
        body = present(
            ManualJournalID=source_id,
            Narration=shown["reference"],
            Date=_midnight(shown["journal_date"]),
            Status="VOIDED" if is_voided else "POSTED",
            LineAmountTypes="NoTax",
            UpdatedDateUTC=ms(changed),
        )
        body["JournalLines"] = [
            present(
                LineAmount=decimal(line["net_amount"]),
                AccountID=line["account_id"],
                AccountCode=line["account_code"],
                Description=line["description"],
                TaxType=line["tax_type"],
            )
            for line in lines[(shown["journal_id"],)]
        ]
        yield Version("ManualJournals", source_id, changed, body, changed)


def _bank_transfers(tables: dict[str, Rows]) -> Iterator[Version]:
    for source_id, posted, lines in _by_source(tables, "TRANSFER"):
        shown = posted[0]
        moved = sorted(lines[(shown["journal_id"],)], key=lambda line: Decimal(line["net_amount"]))
        changed = _moment(posted[-1]["created_date_utc"])
        body = present(
            BankTransferID=source_id,
            FromBankAccount=present(AccountID=moved[0]["account_id"], Code=moved[0]["account_code"], Name=moved[0]["account_name"]),
            ToBankAccount=present(
                AccountID=moved[-1]["account_id"], Code=moved[-1]["account_code"], Name=moved[-1]["account_name"]
            ),
            Amount=decimal(moved[-1]["net_amount"]),
            Date=_midnight(shown["journal_date"]),
            Reference=shown["reference"],
            Status="DELETED" if _is_undone(posted, lines) else "AUTHORISED",
            CreatedDateUTC=ms(_moment(shown["created_date_utc"])),
        )
        yield Version("BankTransfers", source_id, changed, body, changed)


def _currencies(tables: dict[str, Rows], at: datetime) -> Iterator[Version]:
    for code in sorted({row["currency_code"] for row in tables["invoice"]} - {""}):
        yield Version("Currencies", code, at, {"Code": code}, at)


def _tax_rates(tables: dict[str, Rows], at: datetime) -> Iterator[Version]:
    """Taxes that journals name; at what rate the export does not say."""
    for code, name in sorted({(row["tax_type"], row["tax_name"]) for row in tables["journal_line"] if row["tax_type"]}):
        yield Version("TaxRates", code, at, present(TaxType=code, Name=name), at)
