"""The lists of the company's Xero organisation: chart, contacts, items, taxes, currencies, budgets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb

from sandbox.vendors.xero.company_rows import Row, Tracking, rows, utc
from sandbox.vendors.xero.store import Version, ms, present


def organisation(row: Row, born: datetime) -> Version:
    """The company file."""
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


def accounts(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    """The chart of accounts."""
    for row in rows(db, "from xero_account order by code"):
        at = utc(row["created_at"])
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


def contacts(db: duckdb.DuckDBPyConnection) -> Iterator[Version]:
    """Customers and suppliers."""
    for row in rows(db, "from xero_contact order by created_at, id"):
        at = utc(row["created_at"])
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


def items(db: duckdb.DuckDBPyConnection, born: datetime) -> Iterator[Version]:
    """Products and services that are sold."""
    for row in rows(db, "from xero_item order by code"):
        body = present(
            ItemID=row["id"],
            Code=row["code"],
            Name=row["name"],
            Description=row["description"],
            SalesDetails=present(UnitPrice=row["unit_price"], AccountCode=row["account_code"], TaxType="OUTPUT2"),
            UpdatedDateUTC=ms(born),
        )
        yield Version("Items", row["id"], born, {**body, "IsSold": True, "IsPurchased": False, "IsTrackedAsInventory": False}, born)


def tax_rates(db: duckdb.DuckDBPyConnection, born: datetime) -> Iterator[Version]:
    """The taxes of documents. They have no identity but their type."""
    for row in rows(db, "from xero_tax_type order by code"):
        component = {"Name": "VAT", "Rate": row["rate"], "IsCompound": False, "IsNonRecoverable": False}
        applies = dict.fromkeys(("Assets", "Equity", "Expenses", "Liabilities", "Revenue"), True)
        body = {
            "Name": row["name"],
            "TaxType": row["code"],
            "ReportTaxType": row["report_type"],
            "Status": "ACTIVE",
            "DisplayTaxRate": row["rate"],
            "EffectiveRate": row["rate"],
            "TaxComponents": [component],
            **{f"CanApplyTo{kind}": value for kind, value in applies.items()},
        }
        yield Version("TaxRates", row["code"], born, body, born)


def currencies(db: duckdb.DuckDBPyConnection, born: datetime) -> Iterator[Version]:
    """The currencies of documents and of the books."""
    for row in rows(db, "from xero_currency order by code"):
        yield Version("Currencies", row["code"], born, present(Code=row["code"], Description=row["description"]), born)


def budgets(db: duckdb.DuckDBPyConnection, tracking: Tracking) -> Iterator[Version]:
    """Budgets, each with its lines."""
    budgets: dict[str, tuple[Row, list[dict[str, Any]]]] = {}
    for row in rows(db, "from xero_budget"):
        line = {"AccountID": row["account_id"], "AccountCode": row["account_code"], "BudgetBalances": row["balances"]}
        budgets.setdefault(row["id"], (row, []))[1].append(line)
    for key, (row, lines) in budgets.items():
        at = utc(row["created_at"])
        body = {
            "BudgetID": key,
            "Type": "TRACKING" if row["department"] else "OVERALL",
            "Description": row["name"],
            "UpdatedDateUTC": ms(at),
            "BudgetLines": lines,
            "Tracking": tracking.of({"department": row["department"]}),
        }
        yield Version("Budgets", key, at, body, at)
