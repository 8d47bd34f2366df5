"""A small company's books as a folder of tables, with known totals: the shape that the sandbox serves as Xero.

Base currency CAD, year end 29 February; a voided bill with its reversal, a deleted draft, foreign invoices, a transfer between bank
accounts, a manual journal that was edited.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

NAMESPACE = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
ACCOUNTS = (
    ("bank", "Bank", "090", "BANK", "ASSET"),
    ("savings", "Savings", "091", "BANK", "ASSET"),
    ("ar", "Accounts Receivable", "610", "CURRENT", "ASSET"),
    ("ap", "Accounts Payable", "800", "CURRLIAB", "LIABILITY"),
    ("capital", "Share Capital", "970", "EQUITY", "EQUITY"),
    ("sales", "Sales", "200", "REVENUE", "REVENUE"),
    ("rent", "Rent", "469", "EXPENSE", "EXPENSE"),
)
RATES = {"CAD": Decimal(1), "USD": Decimal("0.75"), "GBP": Decimal("0.6")}
MONTHS = [date(2019, 11, 1), date(2019, 12, 1), date(2020, 1, 1), date(2020, 2, 29), date(2020, 3, 1), date(2020, 4, 1)]


def guid(*parts: object) -> str:
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


def write_books(folder: Path, *, invoices_a_month: int = 4) -> Path:
    """Write the tables; returns the folder."""
    tables = _Tables()
    tables.post(date(2019, 11, 1), "", None, capital=Decimal(-10000), bank=Decimal(10000))
    for month in MONTHS:
        for number in range(invoices_a_month):
            tables.sale(month, number)
        bill = tables.document("ACCPAY", month, "CAD", Decimal("500.25"), "PAID", number=f"RENT-{month}")
        tables.post(month, "ACCPAY", bill, rent=Decimal("500.25"), ap=Decimal("-500.25"))
        tables.post(month, "ACCPAYPAYMENT", guid("payment", bill), ap=Decimal("500.25"), bank=Decimal("-500.25"))
    tables.post(MONTHS[0], "CASHPAID", guid("spend"), rent=Decimal(12), bank=Decimal(-12))
    voided = tables.document("ACCPAY", MONTHS[1], "USD", Decimal("75.00"), "VOIDED", number="WRONG")
    tables.post(MONTHS[1], "ACCPAY", voided, rent=Decimal(100), ap=Decimal(-100))
    tables.post(MONTHS[1], "ACCPAY", voided, rent=Decimal(-100), ap=Decimal(100))
    tables.document("ACCREC", MONTHS[2], "USD", Decimal(6000), "DELETED", number="DRAFT")
    tables.post(MONTHS[2], "TRANSFER", guid("transfer"), bank=Decimal(-250), savings=Decimal(250))
    paid_in = Decimal(100)
    for capital in (paid_in, -paid_in, Decimal(120)):
        tables.post(MONTHS[3], "MANJOURNAL", guid("manual"), savings=capital, capital=-capital)
    tables.write(folder)
    return folder


class _Tables:
    def __init__(self) -> None:
        self.journals: list[Mapping[str, object]] = []
        self.lines: list[Mapping[str, object]] = []
        self.invoices: list[Mapping[str, object]] = []
        self.items: list[Mapping[str, object]] = []

    def sale(self, month: date, number: int) -> None:
        currency = ("CAD", "USD", "GBP", "USD")[number % 4]
        total = Decimal("1000.00") + number
        is_open = month == MONTHS[-1]
        invoice = self.document(
            "ACCREC", month, currency, total, "AUTHORISED" if is_open else "PAID", number=f"INV-{month}-{number}"
        )
        base = (total / RATES[currency]).quantize(Decimal("0.01"))
        self.post(month, "ACCREC", invoice, ar=base, sales=-base)
        if not is_open:
            self.post(month, "ACCRECPAYMENT", guid("payment", invoice), ar=-base, bank=base)

    def document(self, kind: str, day: date, currency: str, total: Decimal, status: str, *, number: str) -> str:
        key = guid(kind, number)
        due = total if status == "AUTHORISED" else Decimal(0)
        row: dict[str, object] = dict.fromkeys(INVOICE_COLUMNS, "")
        row |= {
            "invoice_id": key,
            "contact_id": guid("contact", kind),
            "date": day,
            "due_date": day + timedelta(days=30),
            "updated_date_utc": f"{day} 12:00:00.{len(self.invoices) % 1000:03d} UTC",
            "amount_due": due,
            "amount_paid": total - due if status == "PAID" else 0,
            "amount_credited": 0,
            "sub_total": total,
            "total": total,
            "total_tax": 0,
            "currency_code": currency,
            "currency_rate": RATES[currency],
            "invoice_number": number,
            "line_amount_types": "Exclusive",
            "status": status,
            "type": kind,
        }
        self.invoices.append(row)
        item = dict.fromkeys(ITEM_COLUMNS, "")
        item |= {
            "invoice_id": key,
            "line_item_id": guid("item", key),
            "description": number,
            "quantity": "1",
            "unit_amount": str(total),
        }
        self.items.append({**item, "line_amount": total, "tax_amount": 0, "account_code": "200" if kind == "ACCREC" else "469"})
        return key

    def post(self, day: date, source_type: str, source_id: str | None, **amounts: Decimal) -> None:
        number = 2 * len(self.journals) + 1
        key = guid("journal", number)
        created = f"{day} 13:00:00.{len(self.journals) % 1000:03d} UTC"
        reference = "Shares paid in" if source_type == "MANJOURNAL" else ""
        cells = (key, created, day, number, reference, source_id or "", source_type)
        self.journals.append(dict(zip(JOURNAL_COLUMNS, cells, strict=True)))
        accounts = {account[0]: account for account in ACCOUNTS}
        for position, (account, amount) in enumerate(amounts.items()):
            _, name, code, kind, _ = accounts[account]
            cells = (guid("line", key, position), code, guid("account", account), name, kind, "", amount, key, amount, 0, "", "")
            self.lines.append(dict(zip(LINE_COLUMNS, cells, strict=True)))

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        region = guid("category", "Region")
        accounts = [(guid("account", key), name, code, kind, group) for key, name, code, kind, group in ACCOUNTS]
        _write(folder, "account", ("account_id", "name", "code", "type", "class"), accounts)
        _write(
            folder,
            "organization",
            ("organisation_id", "financial_year_end_month", "financial_year_end_day"),
            [(guid("org"), 2, 29)],
        )
        contacts = [(guid("contact", kind), f"Contact {kind}", "false") for kind in ("ACCREC", "ACCPAY")]
        _write(folder, "contact", ("contact_id", "name", "_fivetran_deleted"), contacts)
        _write(folder, "tracking_category", ("tracking_category_id", "name", "status"), [(region, "Region", "ACTIVE")])
        _write(
            folder,
            "tracking_category_has_option",
            ("tracking_category_id", "tracking_option_id"),
            [(region, guid("option", "East"))],
        )
        _write(
            folder,
            "tracking_category_option",
            ("tracking_option_id", "name", "status"),
            [(guid("option", "East"), "East", "ACTIVE")],
        )
        tracked = [(self.lines[0]["journal_line_id"], region, "East", guid("option", "East"))]
        columns = ("journal_line_id", "tracking_category_id", "option", "tracking_category_option_id")
        _write(folder, "journal_line_has_tracking_category", columns, tracked)
        _write(
            folder, "invoice_line_item_has_tracking_category", ("invoice_id", "line_item_id", "tracking_category_id", "option"), []
        )
        _write(folder, "credit_note", ("credit_note_id", "contact_id"), [(guid("credit"), guid("contact", "ACCREC"))])
        _write(folder, "bank_transaction", ("bank_transaction_id", "contact_id"), [(guid("spend"), "")])
        for name, columns, rows in (
            ("journal", JOURNAL_COLUMNS, self.journals),
            ("journal_line", LINE_COLUMNS, self.lines),
            ("invoice", INVOICE_COLUMNS, self.invoices),
            ("invoice_line_item", ITEM_COLUMNS, self.items),
        ):
            _write(folder, name, columns, [[row[column] for column in columns] for row in rows])


JOURNAL_COLUMNS = ("journal_id", "created_date_utc", "journal_date", "journal_number", "reference", "source_id", "source_type")
LINE_COLUMNS = (
    "journal_line_id", "account_code", "account_id", "account_name", "account_type", "description", "gross_amount", "journal_id",
    "net_amount", "tax_amount", "tax_name", "tax_type",
)  # fmt: skip
INVOICE_COLUMNS = (
    "invoice_id", "contact_id", "date", "updated_date_utc", "due_date", "fully_paid_on_date", "amount_credited", "amount_due",
    "amount_paid", "sub_total", "total", "total_tax", "currency_code", "currency_rate", "invoice_number", "line_amount_types",
    "reference", "status", "type",
)  # fmt: skip
ITEM_COLUMNS = (
    "account_code", "description", "invoice_id", "item_code", "line_amount", "line_item_id", "quantity", "tax_amount", "tax_type",
    "unit_amount",
)  # fmt: skip


def _write(folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
