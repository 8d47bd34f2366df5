"""The declared records of a general ledger, whatever the database calls them: a mapping names what each is read from.

Amounts are exact decimals; in a ledger debit is positive. Moments are UTC. A field without None must have a value in every row.
"""

from __future__ import annotations

from dlt_sources.records import Day, Instant, Money, Record, Table
from dlt_sources.records.intake import Endpoint


class Ledger(Record):
    """Books of one company."""

    ledger_id: str
    name: str | None = None
    currency: str | None = None
    country: str | None = None
    fiscal_year_end_month: int | None = None
    fiscal_year_end_day: int | None = None


class Account(Record):
    """An account; class is asset, liability, equity, revenue or expense; control_role receivable, payable, bank ..."""

    account_id: str
    ledger_id: str | None = None
    code: str | None = None
    name: str | None = None
    class_: str | None = None
    type: str | None = None
    control_role: str | None = None
    currency: str | None = None
    is_active: bool | None = None
    description: str | None = None
    changed_at: Instant | None = None


class Period(Record):
    """A fiscal period."""

    period_id: str
    ledger_id: str | None = None
    name: str | None = None
    fiscal_year: int | None = None
    period_number: int | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    is_closed: bool | None = None
    is_adjustment: bool | None = None


class JournalLine(Record):
    """A posting. amount is in the ledger's currency; where the mapping gives debit and credit, it is their difference."""

    line_key: str
    journal_id: str
    posting_date: Day
    account_id: str
    amount: Money
    journal_number: str | None = None
    line_number: int | None = None
    ledger_id: str | None = None
    document_date: Day | None = None
    created_at: Instant | None = None
    changed_at: Instant | None = None
    debit: Money | None = None
    credit: Money | None = None
    functional_currency: str | None = None
    transaction_amount: Money | None = None
    transaction_currency: str | None = None
    document_type: str | None = None
    document_id: str | None = None
    document_number: str | None = None
    party_id: str | None = None
    party_type: str | None = None
    partner_ledger_id: str | None = None
    department: str | None = None
    campaign: str | None = None
    product: str | None = None
    tax_code: str | None = None
    description: str | None = None
    created_by: str | None = None
    reversal_of: str | None = None
    is_adjustment_period: bool | None = None


class Document(Record):
    """An invoice, a bill or a credit note of either; exchange_rate is units of the document's currency for one of the ledger's."""

    document_id: str
    kind: str
    number: str | None = None
    ledger_id: str | None = None
    party_id: str | None = None
    document_date: Day | None = None
    due_date: Day | None = None
    currency: str | None = None
    exchange_rate: Money | None = None
    total: Money | None = None
    open_amount: Money | None = None
    status: str | None = None
    reference: str | None = None
    changed_at: Instant | None = None


class Payment(Record):
    """A payment of a document; amount in its own currency, functional_amount in the ledger's."""

    payment_id: str
    ledger_id: str | None = None
    document_id: str | None = None
    party_id: str | None = None
    account_id: str | None = None
    payment_date: Day | None = None
    currency: str | None = None
    amount: Money | None = None
    exchange_rate: Money | None = None
    functional_amount: Money | None = None
    reference: str | None = None
    status: str | None = None
    changed_at: Instant | None = None


class Party(Record):
    """A customer or vendor; partner_ledger_id where it is a company of the group."""

    party_id: str
    party_type: str | None = None
    ledger_id: str | None = None
    partner_ledger_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    tax_number: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    currency: str | None = None
    is_active: bool | None = None
    changed_at: Instant | None = None


class ExchangeRate(Record):
    """Units of to_currency for one of from_currency on a day."""

    from_currency: str
    to_currency: str
    rate_date: Day
    rate: Money
    changed_at: Instant | None = None


class BudgetLine(Record):
    """A planned amount of an account and month, with the sign that the planners use, in the currency named."""

    budget_line_id: str
    account_id: str
    period_month: Day
    amount: Money
    budget: str | None = None
    version: str | None = None
    ledger_id: str | None = None
    department: str | None = None
    campaign: str | None = None
    product: str | None = None
    currency: str | None = None
    changed_at: Instant | None = None


class DeletedJournal(Record):
    """A journal that the database tells to have been deleted, with all its lines."""

    journal_id: str
    deleted_at: Instant | None = None


class DeletedRow(Record):
    """A row of another table that is no longer in the database, or is there again (is_deleted false)."""

    table_name: str
    row_key: str
    is_deleted: bool
    noticed_at: Instant


def _declare(name: str, record: type[Record], key: str, description: str) -> Endpoint:
    """Within one reading every key comes once: the intake sets aside a second row with the same."""
    table = Table(name, record, tuple(key.split()), description, once=True)
    return Endpoint(name, record, (table,), lambda row: "|".join(str(getattr(row, part)) for part in table.key))


LEDGERS = _declare("ledgers", Ledger, "ledger_id", "Books by company.")
ACCOUNTS = _declare("accounts", Account, "account_id", "Chart of accounts.")
PERIODS = _declare("periods", Period, "period_id", "Fiscal periods.")
JOURNAL_LINES = _declare("journal_lines", JournalLine, "line_key", "Postings, debit positive, in the ledger's currency.")
DOCUMENTS = _declare("documents", Document, "document_id", "Invoices, bills and credit notes with what is open of them.")
PAYMENTS = _declare("payments", Payment, "payment_id", "Payments of documents.")
PARTIES = _declare("parties", Party, "party_id", "Customers and vendors.")
EXCHANGE_RATES = _declare("exchange_rates", ExchangeRate, "from_currency to_currency rate_date", "Exchange rates by day.")
BUDGET_LINES = _declare("budget_lines", BudgetLine, "budget_line_id", "Planned amounts by account and month.")
DELETED_JOURNALS = _declare(
    "deleted_journals", DeletedJournal, "journal_id", "Journals that the database tells to have been deleted."
)
DELETED_ROWS = _declare(
    "deleted_rows",
    DeletedRow,
    "table_name row_key",
    "Rows of the other tables that are gone from the database, found by comparing keys. row_key is the key, its parts joined by |.",
)
ENDPOINTS = (
    LEDGERS,
    ACCOUNTS,
    PERIODS,
    JOURNAL_LINES,
    DOCUMENTS,
    PAYMENTS,
    PARTIES,
    EXCHANGE_RATES,
    BUDGET_LINES,
    DELETED_JOURNALS,
)
"""What a mapping may name."""
TABLES = tuple(table for endpoint in (*ENDPOINTS, DELETED_ROWS) for table in endpoint.tables)
