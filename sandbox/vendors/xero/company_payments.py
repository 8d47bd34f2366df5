"""What moved the bank account of the company's Xero organisation.

Some payments are shown as money on account: received or spent as an overpayment, and set against its document some days later; or
spent as a prepayment on an account of its own, and set against the bill at once. Either way the accounts move as the company's own
journals say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import duckdb

from sandbox.vendors.xero.company_rows import Row, Tracking, midnight, rows, utc
from sandbox.vendors.xero.store import Version, ms, present


def payments(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    """Payments of documents as they stood from each moment on."""
    for row in rows(db, "from xero_payment"):
        at = utc(row["at_time"])
        noun = "Invoice" if row["kind"] in ("sale", "purchase") else "CreditNote"
        body = present(
            PaymentID=row["id"],
            PaymentType=row["type"],
            Status=row["status"],
            Date=midnight(row["payment_date"]),
            Amount=row["amount"],
            BankAmount=row["bank_amount"],
            CurrencyRate=row["fx_rate"],
            Reference=row["reference"],
            Account={"AccountID": row["account_id"], "Code": row["bank_account_code"]},
            BatchPaymentID=row["batch_id"],
            BatchPayment=present(BatchPaymentID=row["batch_id"]),
            UpdatedDateUTC=ms(at),
        )
        body |= {
            noun: {f"{noun}ID": row["document_id"], f"{noun}Number": row["number"]},
            "IsReconciled": row["status"] == "AUTHORISED",
        }
        yield Version("Payments", row["id"], at, body, at)


def batch_payments(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    """Bills paid as one sum; payments that the bank reports later join their batch."""
    batches: dict[str, list[Row]] = defaultdict(list)
    reported = rows(db, "select * from xero_payment where batch_id is not null order by batch_id, at_time, id")
    for (batch_id, at_time), joining in groupby(reported, key=lambda row: (row["batch_id"], row["at_time"])):
        members = batches[batch_id]
        members += joining
        first, at = members[0], utc(at_time)
        body = {
            "BatchPaymentID": batch_id,
            "Type": "PAYBATCH",
            "Status": "AUTHORISED",
            "Account": {"AccountID": first["account_id"], "Code": first["bank_account_code"]},
            "Reference": f"Payment run {first['payment_date']}",
            "DateString": f"{first['payment_date']}T00:00:00",
            "Date": midnight(first["payment_date"]),
            "Payments": [
                {
                    "Invoice": {"InvoiceID": member["document_id"], "InvoiceNumber": member["number"]},
                    "PaymentID": member["id"],
                    "Amount": member["amount"],
                }
                for member in members
            ],
            "TotalAmount": sum(member["amount"] for member in members),
            "UpdatedDateUTC": ms(at),
            "IsReconciled": True,
        }
        yield Version("BatchPayments", batch_id, at, body, at)


def bank_transactions(db: duckdb.DuckDBPyConnection, tracking: Tracking) -> Iterator[Version]:
    """Money spent or received without an invoice."""
    for row in rows(db, "from xero_bank_transaction"):
        at = utc(row["recorded_at"])
        line = _line(row, row["id"], row["account_code"], row["account_id"], tracking.of(row))
        body = _bank_transaction(row, row["kind"].upper(), line) | {"UpdatedDateUTC": ms(at)}
        yield Version("BankTransactions", row["id"], at, body, at)


def on_account(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    """Prepayments and overpayments, and the bank transactions that made them."""
    for row in rows(db, "from xero_on_account"):
        noun = "Prepayment" if row["is_prepayment"] else "Overpayment"
        at, allocated_at = utc(row["recorded_at"]), utc(row["allocated_at"])
        line = _line(row, row["line_id"], row["account_code"], row["account_id"], [])
        identity = {f"{noun}ID": row["id"]}
        entered = _bank_transaction(row, row["type"], line) | identity | {"UpdatedDateUTC": ms(at)}
        yield Version("BankTransactions", row["bank_transaction_id"], at, entered, at)
        document = {key: value for key, value in entered.items() if key not in _OF_THE_BANK} | identity
        allocation = {
            "AllocationID": row["allocation_id"],
            "Amount": row["total"],
            "Date": midnight(row["allocation_date"]),
            "Invoice": {"InvoiceID": row["document_id"], "InvoiceNumber": row["number"]},
            "IsDeleted": False,
        }
        if allocated_at > at:
            yield Version(f"{noun}s", row["id"], at, document | {"RemainingCredit": row["total"], "Allocations": []}, at)
        settled = {"Status": "PAID", "RemainingCredit": 0, "Allocations": [allocation], "UpdatedDateUTC": ms(allocated_at)}
        yield Version(f"{noun}s", row["id"], allocated_at, document | settled, allocated_at)


_OF_THE_BANK = frozenset({"BankTransactionID", "BankAccount", "IsReconciled"})


def _line(row: Row, line_id: str, account_code: str, account_id: str, options: list[dict[str, Any]]) -> dict[str, Any]:
    return present(
        LineItemID=line_id,
        Description=row["description"],
        Quantity=1,
        UnitAmount=row["net_amount"],
        LineAmount=row["net_amount"],
        AccountCode=account_code,
        AccountID=account_id,
        TaxType="NONE",
        TaxAmount=row["tax_amount"],
        Tracking=options,
    )


def _bank_transaction(row: Row, kind: str, line: dict[str, Any]) -> dict[str, Any]:
    """What a bank transaction says of itself, whatever it is for."""
    body = present(
        Type=kind,
        BankTransactionID=row["bank_transaction_id"],
        Status="AUTHORISED",
        Reference=row["description"],
        Contact=present(ContactID=row["contact_id"], Name=row["contact_name"]),
        DateString=f"{row['transaction_date']}T00:00:00",
        Date=midnight(row["transaction_date"]),
        LineAmountTypes="Exclusive",
        SubTotal=row["net_amount"],
        TotalTax=row["tax_amount"],
        Total=row["total"],
        CurrencyCode=row["currency"],
        BankAccount={"AccountID": row["bank_account_id"], "Code": row["bank_account_code"]},
    )
    return body | {"IsReconciled": True, "LineItems": [line]}
