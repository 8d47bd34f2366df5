"""What Xero's Accounting API 2.0 sends, as far as the hub uses it. Amounts in journals are in the organisation's base currency."""

from __future__ import annotations

from dlt_sources.xero.books import (
    ACCOUNTS,
    BUDGETS,
    CONTACTS,
    CURRENCIES,
    ITEMS,
    JOURNALS,
    MANUAL_JOURNALS,
    ORGANISATION,
    TAX_RATES,
    TRACKING_CATEGORIES,
)
from dlt_sources.xero.documents import (
    BANK_TRANSACTIONS,
    BANK_TRANSFERS,
    BATCH_PAYMENTS,
    CREDIT_NOTES,
    INVOICES,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
)
from dlt_sources.xero.wire import wire_name

ENDPOINTS = (
    ORGANISATION, ACCOUNTS, JOURNALS, INVOICES, CREDIT_NOTES, BANK_TRANSACTIONS, PAYMENTS, PREPAYMENTS, OVERPAYMENTS, BANK_TRANSFERS,
    BATCH_PAYMENTS, MANUAL_JOURNALS, CONTACTS, ITEMS, TAX_RATES, CURRENCIES, TRACKING_CATEGORIES, BUDGETS,
)  # fmt: skip
TABLES = tuple(table for endpoint in ENDPOINTS for table in endpoint.tables)

__all__ = [
    "ACCOUNTS",
    "BANK_TRANSACTIONS",
    "BANK_TRANSFERS",
    "BATCH_PAYMENTS",
    "BUDGETS",
    "CONTACTS",
    "CREDIT_NOTES",
    "CURRENCIES",
    "ENDPOINTS",
    "INVOICES",
    "ITEMS",
    "JOURNALS",
    "MANUAL_JOURNALS",
    "ORGANISATION",
    "OVERPAYMENTS",
    "PAYMENTS",
    "PREPAYMENTS",
    "TABLES",
    "TAX_RATES",
    "TRACKING_CATEGORIES",
    "wire_name",
]
