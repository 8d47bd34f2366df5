"""The simulated company as Xero would show one entity of it: documents as they stood from each moment on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from sandbox.vendors.xero.store import Version, XeroStore, ms, present

ENTITY = "uk"
_VIEWS = files(__package__).joinpath("company.sql").read_text(encoding="utf-8")
_DOCUMENTS = {
    "sale": ("Invoices", "Invoice", "ACCREC"),
    "purchase": ("Invoices", "Invoice", "ACCPAY"),
    "sale_credit": ("CreditNotes", "CreditNote", "ACCRECCREDIT"),
    "purchase_credit": ("CreditNotes", "CreditNote", "ACCPAYCREDIT"),
}

Row = dict[str, Any]


def load_company(company: Path, store: XeroStore, *, entity: str = ENTITY) -> tuple[str, str]:
    """Fill the store with one entity; returns (tenant id, name)."""
    with duckdb.connect() as db:
        db.execute(f"attach '{company}' as meridian (read_only)")
        db.execute("set variable entity = ?", [entity])
        db.execute(_VIEWS)
        organisation = next(
            _rows(db, "select *, md5(entity_id)::uuid::varchar as id from meridian.company.entity where entity_id = entity()")
        )
        parameter = next(_rows(db, "select * from meridian.company.parameter"))
        born = datetime.combine(parameter["first_date"], time(), UTC)
        tracking = _Tracking(db, born)
        store.add([_organisation(organisation, born)])
        for versions in (
            _accounts(db),
            _contacts(db),
            tracking.versions(),
            _documents(db, tracking),
            _payments(db),
            _bank_transactions(db, tracking),
            _journals(db, tracking),
            _budgets(db, tracking),
        ):
            store.add(versions)
    return organisation["id"], organisation["name"]


def _rows(db: duckdb.DuckDBPyConnection, sql: str) -> Iterator[Row]:
    """Rows of a query as dictionaries."""
    db.execute(sql)
    names = [column[0] for column in db.description or []]
    for row in db.fetchall():
        yield dict(zip(names, row, strict=True))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _day(day: date | None) -> str | None:
    return ms(datetime.combine(day, time(), UTC)) if day else None


def _organisation(row: Row, born: datetime) -> Version:
    body = present(
        OrganisationID=row["id"],
        Name=row["name"],
        LegalName=row["name"],
        BaseCurrency=row["currency"],
        CountryCode=row["country"],
        OrganisationType="COMPANY",
        OrganisationStatus="ACTIVE",
        FinancialYearEndDay=row["fiscal_year_end_day"],
        FinancialYearEndMonth=row["fiscal_year_end_month"],
        CreatedDateUTC=ms(born),
    )
    return Version("Organisation", row["id"], born, body, born)


def _accounts(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    for row in _rows(db, "from xero_account order by code"):
        at = _utc(row["created_at"])
        body = present(
            AccountID=row["id"],
            Code=row["code"],
            Name=row["name"],
            Type=row["type"],
            Class=row["class"],
            Description=row["description"],
            SystemAccount=row["system_account"],
            Status="ACTIVE",
            UpdatedDateUTC=ms(at),
        )
        yield Version("Accounts", row["id"], at, body, at)


def _contacts(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    for row in _rows(db, "from xero_contact order by created_at, id"):
        at = _utc(row["created_at"])
        address = present(AddressLine1=row["street"], City=row["city"], Country=row["country"], PostalCode=row["postal_code"])
        body = present(
            ContactID=row["id"],
            ContactStatus="ACTIVE",
            Name=row["name"],
            EmailAddress=row["email"],
            TaxNumber=row["tax_id"],
            DefaultCurrency=row["currency"],
            Addresses=[{"AddressType": "STREET", **address}],
            UpdatedDateUTC=ms(at),
        )
        body |= {"IsCustomer": row["is_customer"], "IsSupplier": not row["is_customer"]}
        yield Version("Contacts", row["id"], at, body, at)


class _Tracking:
    """The two tracking categories: departments, and campaigns, whose options are added and renamed as time goes on."""

    def __init__(self, db: duckdb.DuckDBPyConnection, born: datetime) -> None:
        self._born = born
        self._categories = {name: _guid(db, name) for name in ("Department", "Campaign")}
        self._departments = {
            row["name"]: row["id"]
            for row in _rows(db, "select name, guid('option' || name) as id from meridian.company.department")
        }
        self._campaigns = list(_rows(db, "from xero_campaign_option"))
        self._campaign_ids = {row["campaign_id"]: row["id"] for row in self._campaigns}

    def of(self, row: Row) -> list[dict[str, Any]]:
        """The options of a line with ``department``, ``campaign`` and ``campaign_id``."""
        options = []
        if row.get("department"):
            options.append(("Department", row["department"], self._departments[row["department"]]))
        if row.get("campaign"):
            options.append(("Campaign", row["campaign"], self._campaign_ids[row["campaign_id"]]))
        return [
            {"Name": name, "Option": option, "TrackingCategoryID": self._categories[name], "TrackingOptionID": option_id}
            for name, option, option_id in options
        ]

    def versions(self) -> Iterator[Version]:
        departments = [_option(name, key) for name, key in sorted(self._departments.items())]
        yield self._version("Department", self._born, departments)
        campaigns: dict[str, dict[str, Any]] = {}
        for number, row in enumerate(self._campaigns, 1):
            campaigns[row["campaign_id"]] = _option(row["name"], row["id"])
            if number == len(self._campaigns) or row["at_time"] < self._campaigns[number]["at_time"]:
                yield self._version("Campaign", max(_utc(row["at_time"]), self._born), list(campaigns.values()))

    def _version(self, name: str, at: datetime, options: list[dict[str, Any]]) -> Version:
        key = self._categories[name]
        return Version(
            "TrackingCategories", key, at, {"TrackingCategoryID": key, "Name": name, "Status": "ACTIVE", "Options": options}, at
        )


def _option(name: str, key: str) -> dict[str, Any]:
    return {"TrackingOptionID": key, "Name": name, "Status": "ACTIVE"}


def _guid(db: duckdb.DuckDBPyConnection, key: str) -> str:
    row = db.execute("select guid(?)", [key]).fetchone()
    return str(row[0]) if row else ""


def _documents(db: duckdb.DuckDBPyConnection, tracking: _Tracking) -> Iterator[Version]:
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(db, "from xero_document_line"):
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
    for row in _rows(db, "from xero_document"):
        resource, noun, kind = _DOCUMENTS[row["kind"]]
        at = _utc(row["at_time"])
        body = present(
            Type=kind,
            Status=row["status"],
            Reference=row["reference"],
            Contact=present(ContactID=row["contact_id"], Name=row["contact_name"]),
            DateString=f"{row['issue_date']}T00:00:00",
            Date=_day(row["issue_date"]),
            DueDateString=f"{row['due_date']}T00:00:00",
            DueDate=_day(row["due_date"]),
            FullyPaidOnDate=_day(row["settled_on"]),
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
        "Date": _day(row["issue_date"]),
        "Invoice": {"InvoiceID": row["credits_id"], "InvoiceNumber": row["credits_number"]},
    }
    return {"RemainingCredit": row["due"], "Allocations": [allocation] if row["credited"] else []}


def _payments(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    for row in _rows(db, "from xero_payment"):
        at = _utc(row["at_time"])
        noun = "Invoice" if row["kind"] in ("sale", "purchase") else "CreditNote"
        body = present(
            PaymentID=row["id"],
            PaymentType=row["type"],
            Status=row["status"],
            Date=_day(row["payment_date"]),
            Amount=row["amount"],
            BankAmount=row["bank_amount"],
            CurrencyRate=row["fx_rate"],
            Reference=row["reference"],
            Account={"AccountID": row["account_id"], "Code": row["bank_account_code"]},
            UpdatedDateUTC=ms(at),
        )
        body |= {
            noun: {f"{noun}ID": row["document_id"], f"{noun}Number": row["number"]},
            "IsReconciled": row["status"] == "AUTHORISED",
        }
        yield Version("Payments", row["id"], at, body, at)


def _bank_transactions(db: duckdb.DuckDBPyConnection, tracking: _Tracking) -> Iterator[Version]:
    for row in _rows(db, "from xero_bank_transaction"):
        at = _utc(row["recorded_at"])
        line = present(
            LineItemID=row["id"],
            Description=row["description"],
            Quantity=1,
            UnitAmount=row["net_amount"],
            LineAmount=row["net_amount"],
            AccountCode=row["account_code"],
            AccountID=row["account_id"],
            TaxType="NONE",
            TaxAmount=row["tax_amount"],
            Tracking=tracking.of(row),
        )
        body = present(
            Type=row["kind"].upper(),
            BankTransactionID=row["id"],
            Status="AUTHORISED",
            Reference=row["description"],
            DateString=f"{row['transaction_date']}T00:00:00",
            Date=_day(row["transaction_date"]),
            LineAmountTypes="Exclusive",
            SubTotal=row["net_amount"],
            TotalTax=row["tax_amount"],
            Total=row["total"],
            CurrencyCode=row["currency"],
            BankAccount={"AccountID": row["bank_account_id"], "Code": row["bank_account_code"]},
            UpdatedDateUTC=ms(at),
        )
        yield Version("BankTransactions", row["id"], at, {**body, "IsReconciled": True, "LineItems": [line]}, at)


def _journals(db: duckdb.DuckDBPyConnection, tracking: _Tracking) -> Iterator[Version]:
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(db, "from xero_journal_line"):
        body = present(
            JournalLineID=row["id"],
            AccountID=row["account_id"],
            AccountCode=row["account_code"],
            AccountType=row["account_type"],
            AccountName=row["account_name"],
            Description=row["description"],
            TaxType=row["tax_type"],
            TaxName=row["tax_name"],
            TrackingCategories=tracking.of(row),
        )
        lines[row["journal_id"]].append(body | {"NetAmount": row["net_amount"], "GrossAmount": row["net_amount"], "TaxAmount": 0})
    for row in _rows(db, "from xero_journal"):
        at = _utc(row["recorded_at"])
        body = present(
            JournalID=row["id"],
            JournalDate=_day(row["journal_date"]),
            JournalNumber=row["number"],
            CreatedDateUTC=ms(at),
            Reference=row["description"],
            SourceID=row["source_id"],
            SourceType=row["source_type"],
        )
        yield Version("Journals", row["id"], at, {**body, "JournalLines": lines[row["journal_id"]]}, at, row["number"])


def _budgets(db: duckdb.DuckDBPyConnection, tracking: _Tracking) -> Iterator[Version]:
    budgets: dict[str, tuple[Row, list[dict[str, Any]]]] = {}
    for row in _rows(db, "from xero_budget"):
        line = {"AccountID": row["account_id"], "AccountCode": row["account_code"], "BudgetBalances": row["balances"]}
        budgets.setdefault(row["id"], (row, []))[1].append(line)
    for key, (row, lines) in budgets.items():
        at = _utc(row["created_at"])
        body = {
            "BudgetID": key,
            "Type": "TRACKING" if row["department"] else "OVERALL",
            "Description": row["name"],
            "UpdatedDateUTC": ms(at),
            "BudgetLines": lines,
            "Tracking": tracking.of({"department": row["department"]}),
        }
        yield Version("Budgets", key, at, body, at)
