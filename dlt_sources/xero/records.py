"""What Xero's Accounting API 2.0 sends, as far as the hub uses it. Amounts in journals are in the organisation's base currency."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from dlt_sources.records import COUNT, TEXT, Day, Instant, Money, Record, Table, names
from dlt_sources.records.declare import Row
from dlt_sources.records.intake import Endpoint

_CAPITALS = {"id": "ID", "utc": "UTC"}


def wire_name(name: str) -> str:
    """``updated_date_utc`` to ``UpdatedDateUTC``."""
    return "".join(_CAPITALS.get(part, part[:1].upper() + part[1:]) for part in name.split("_"))


class XeroRecord(Record, rename=wire_name):
    """Base: Xero omits empty fields, so everything but the identity may be absent."""


class Organisation(XeroRecord):
    """The company file."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "APIKey OrganisationType OrganisationStatus Version PaysTax IsDemoCompany TaxNumber TaxNumberName ShortCode "
        "Edition Class SalesTaxBasis SalesTaxPeriod DefaultSalesTax DefaultPurchasesTax OrganisationEntityType "
        "LineOfBusiness RegistrationNumber EmployerIdentificationNumber Addresses Phones ExternalLinks PaymentTerms"
    )

    organisation_id: str
    name: str | None = None
    legal_name: str | None = None
    base_currency: str | None = None
    country_code: str | None = None
    financial_year_end_day: int | None = None
    financial_year_end_month: int | None = None
    timezone: str | None = None
    period_lock_date: Day | None = None
    end_of_year_lock_date: Day | None = None
    created_date_utc: Instant | None = None


class Account(XeroRecord):
    """An account of the chart."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "BankAccountNumber EnablePaymentsToAccount ShowInExpenseClaims ReportingCodeName HasAttachments AddToWatchlist"
    )

    account_id: str
    code: str | None = None
    name: str | None = None
    type: str | None = None
    class_: str | None = None
    status: str | None = None
    system_account: str | None = None
    tax_type: str | None = None
    reporting_code: str | None = None
    currency_code: str | None = None
    bank_account_type: str | None = None
    description: str | None = None
    updated_date_utc: Instant | None = None


class Tracking(XeroRecord):
    """A tracking option on a line."""

    tracking_category_id: str | None = None
    tracking_option_id: str | None = None
    name: str | None = None
    option: str | None = None


class JournalLine(XeroRecord):
    """A line of a journal; net_amount is debit positive and sums to zero over the journal."""

    journal_line_id: str
    account_id: str | None = None
    account_code: str | None = None
    account_type: str | None = None
    account_name: str | None = None
    description: str | None = None
    net_amount: Money | None = None
    gross_amount: Money | None = None
    tax_amount: Money | None = None
    tax_type: str | None = None
    tax_name: str | None = None
    tracking_categories: list[Tracking] = []


class Journal(XeroRecord):
    """An accrual journal; immutable, a later change posts a reversal and a new journal."""

    journal_id: str
    journal_number: int
    journal_date: Day | None = None
    created_date_utc: Instant | None = None
    reference: str | None = None
    source_id: str | None = None
    source_type: str | None = None
    journal_lines: list[JournalLine] = []


class ContactOf(XeroRecord):
    """The contact inside a document."""

    contact_id: str | None = None
    name: str | None = None


class AccountOf(XeroRecord):
    """The account inside a payment or bank transaction."""

    account_id: str | None = None
    code: str | None = None


class LineItem(XeroRecord):
    """A line of a document, in the document's currency."""

    line_item_id: str
    description: str | None = None
    quantity: Money | None = None
    unit_amount: Money | None = None
    line_amount: Money | None = None
    account_id: str | None = None
    account_code: str | None = None
    tax_type: str | None = None
    tax_amount: Money | None = None
    item_code: str | None = None
    tracking: list[Tracking] = []


class _Document(XeroRecord):
    """What invoices, credit notes and bank transactions share."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "DateString DueDateString Url SentToContact ExpectedPaymentDate PlannedPaymentDate CISDeduction CISRate Payments "
        "CreditNotes Prepayments Overpayments RepeatingInvoiceID BrandingThemeID HasAttachments HasErrors IsDiscounted "
        "TotalDiscount InvoiceAddresses Attachments ValidationErrors Warnings StatusAttributeString AppliedAmount "
        "IsReconciled PrepaymentID OverpaymentID BatchPayment ID"
    )

    type: str | None = None
    status: str | None = None
    date: Day | None = None
    reference: str | None = None
    currency_code: str | None = None
    currency_rate: Money | None = None
    line_amount_types: str | None = None
    sub_total: Money | None = None
    total_tax: Money | None = None
    total: Money | None = None
    updated_date_utc: Instant | None = None
    contact: ContactOf | None = None
    line_items: list[LineItem] = []


class Invoice(_Document, kw_only=True):
    """A sales invoice (ACCREC) or a bill (ACCPAY)."""

    invoice_id: str
    due_date: Day | None = None
    fully_paid_on_date: Day | None = None
    invoice_number: str | None = None
    amount_due: Money | None = None
    amount_paid: Money | None = None
    amount_credited: Money | None = None


class InvoiceOf(XeroRecord):
    """The invoice inside a payment or allocation."""

    invoice_id: str | None = None
    invoice_number: str | None = None


class Allocation(XeroRecord):
    """Part of a credit note set against an invoice."""

    amount: Money | None = None
    date: Day | None = None
    invoice: InvoiceOf | None = None


class CreditNote(_Document, kw_only=True):
    """A credit note, given (ACCRECCREDIT) or received (ACCPAYCREDIT)."""

    credit_note_id: str
    credit_note_number: str | None = None
    due_date: Day | None = None
    fully_paid_on_date: Day | None = None
    remaining_credit: Money | None = None
    allocations: list[Allocation] = []


class BankTransaction(_Document, kw_only=True):
    """Money spent or received without an invoice."""

    bank_transaction_id: str
    is_reconciled: bool | None = None
    bank_account: AccountOf | None = None


class CreditNoteOf(XeroRecord):
    """The credit note inside a payment."""

    credit_note_id: str | None = None


class Payment(XeroRecord):
    """A payment of an invoice or of a credit note."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "HasAccount HasValidationErrors IsReconciled BatchPayment BatchPaymentID BankAmount Overpayment Prepayment "
        "BankAccountNumber Particulars Details Code StatusAttributeString ValidationErrors Warnings"
    )

    payment_id: str
    payment_type: str | None = None
    status: str | None = None
    date: Day | None = None
    amount: Money | None = None
    bank_amount: Money | None = None
    currency_rate: Money | None = None
    reference: str | None = None
    is_reconciled: bool | None = None
    updated_date_utc: Instant | None = None
    invoice: InvoiceOf | None = None
    credit_note: CreditNoteOf | None = None
    account: AccountOf | None = None


class Address(XeroRecord):
    """A postal address."""

    address_type: str | None = None
    address_line1: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Contact(XeroRecord):
    """A customer or supplier."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "ContactNumber AccountNumber SkypeUserName CompanyNumber BankAccountDetails AccountsReceivableTaxType "
        "AccountsPayableTaxType Phones SalesDefaultAccountCode PurchasesDefaultAccountCode SalesDefaultLineAmountType "
        "PurchasesDefaultLineAmountType SalesTrackingCategories PurchasesTrackingCategories TrackingCategoryName "
        "TrackingCategoryOption PaymentTerms ContactGroups Website BrandingTheme BatchPayments Discount Balances "
        "Attachments HasAttachments HasValidationErrors ContactPersons XeroNetworkKey ValidationErrors MergedToContactID"
    )

    contact_id: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    contact_status: str | None = None
    tax_number: str | None = None
    account_number: str | None = None
    is_supplier: bool | None = None
    is_customer: bool | None = None
    default_currency: str | None = None
    merged_to_contact_id: str | None = None
    updated_date_utc: Instant | None = None
    addresses: list[Address] = []


class TrackingOption(XeroRecord):
    """A value of a tracking category."""

    tracking_option_id: str
    name: str | None = None
    status: str | None = None


class TrackingCategory(XeroRecord):
    """A dimension of the ledger, such as department."""

    tracking_category_id: str
    name: str | None = None
    status: str | None = None
    options: list[TrackingOption] = []


class BudgetBalance(XeroRecord):
    """One month of a budget line; the amount may travel as a string."""

    period: Day
    amount: Money | None = None
    notes: str | None = None


class BudgetLine(XeroRecord):
    """One account of a budget."""

    account_id: str
    account_code: str | None = None
    budget_balances: list[BudgetBalance] = []


class Budget(XeroRecord):
    """A budget: of the whole organisation, or of one tracking option."""

    budget_id: str
    type: str | None = None
    description: str | None = None
    updated_date_utc: Instant | None = None
    budget_lines: list[BudgetLine] = []
    tracking: list[Tracking] = []


def _with_contact(document: Any) -> Iterable[Row]:
    contact = document.contact
    return ((document, contact.contact_id if contact else None, contact.name if contact else None),)


def _lines(key: str) -> Any:
    return lambda document: [(line, getattr(document, key), number) for number, line in enumerate(document.line_items, 1)]


def _line_tracking(key: str) -> Any:
    return lambda document: [
        (tracking, getattr(document, key), line.line_item_id) for line in document.line_items for tracking in line.tracking
    ]


_CONTACT = {"contact_id": TEXT, "contact_name": TEXT}

ORGANISATION = Endpoint(
    "organisation",
    Organisation,
    (Table("organisation", Organisation, ("organisation_id",), "The company file."),),
    lambda d: d.organisation_id,
)
ACCOUNTS = Endpoint(
    "accounts",
    Account,
    (Table("accounts", Account, ("account_id",), "Chart of accounts, archived and deleted ones too."),),
    lambda d: d.account_id,
)
JOURNALS = Endpoint(
    "journals",
    Journal,
    (
        Table("journals", Journal, ("journal_id",), "Accrual journals; immutable.", once=True),
        Table(
            "journal_lines",
            JournalLine,
            ("journal_line_id",),
            "Lines of the accrual journals, in base currency, debit positive.",
            within={"journal_id": TEXT, "journal_number": COUNT, "line_number": COUNT},
            once=True,
            rows=lambda d: [(line, d.journal_id, d.journal_number, number) for number, line in enumerate(d.journal_lines, 1)],
        ),
        Table(
            "journal_line_tracking",
            Tracking,
            ("journal_line_id", "tracking_category_id", "option"),
            "Tracking options of journal lines.",
            within={"journal_line_id": TEXT, "journal_id": TEXT},
            once=True,
            rows=lambda d: [
                (tracking, line.journal_line_id, d.journal_id) for line in d.journal_lines for tracking in line.tracking_categories
            ],
        ),
    ),
    lambda d: d.journal_id,
)
INVOICES = Endpoint(
    "invoices",
    Invoice,
    (
        Table(
            "invoices",
            Invoice,
            ("invoice_id",),
            "Sales invoices and bills, voided and deleted ones too.",
            within=_CONTACT,
            rows=_with_contact,
        ),
        Table(
            "invoice_lines",
            LineItem,
            ("invoice_id", "line_item_id"),
            "Lines of invoices and bills, in the document's currency.",
            within={"invoice_id": TEXT, "line_number": COUNT},
            rows=_lines("invoice_id"),
            replace=("invoice_id",),
        ),
        Table(
            "invoice_line_tracking",
            Tracking,
            ("invoice_id", "line_item_id", "tracking_category_id", "option"),
            "Tracking options of invoice lines.",
            within={"invoice_id": TEXT, "line_item_id": TEXT},
            rows=_line_tracking("invoice_id"),
            replace=("invoice_id",),
        ),
    ),
    lambda d: d.invoice_id,
    lambda d: d.updated_date_utc or "",
)
CREDIT_NOTES = Endpoint(
    "credit_notes",
    CreditNote,
    (
        Table(
            "credit_notes", CreditNote, ("credit_note_id",), "Credit notes given and received.", within=_CONTACT, rows=_with_contact
        ),
        Table(
            "credit_note_lines",
            LineItem,
            ("credit_note_id", "line_item_id"),
            "Lines of credit notes, in the document's currency.",
            within={"credit_note_id": TEXT, "line_number": COUNT},
            rows=_lines("credit_note_id"),
            replace=("credit_note_id",),
        ),
        Table(
            "credit_note_allocations",
            Allocation,
            ("credit_note_id", "position"),
            "Parts of credit notes set against invoices.",
            within={"credit_note_id": TEXT, "position": COUNT, "invoice_id": TEXT},
            rows=lambda d: [
                (allocation, d.credit_note_id, position, allocation.invoice.invoice_id if allocation.invoice else None)
                for position, allocation in enumerate(d.allocations, 1)
            ],
            replace=("credit_note_id",),
        ),
    ),
    lambda d: d.credit_note_id,
    lambda d: d.updated_date_utc or "",
)
BANK_TRANSACTIONS = Endpoint(
    "bank_transactions",
    BankTransaction,
    (
        Table(
            "bank_transactions",
            BankTransaction,
            ("bank_transaction_id",),
            "Money spent or received without an invoice.",
            within={**_CONTACT, "bank_account_id": TEXT, "bank_account_code": TEXT},
            rows=lambda d: [
                (
                    *next(iter(_with_contact(d))),
                    d.bank_account.account_id if d.bank_account else None,
                    d.bank_account.code if d.bank_account else None,
                )
            ],
        ),
        Table(
            "bank_transaction_lines",
            LineItem,
            ("bank_transaction_id", "line_item_id"),
            "Lines of bank transactions.",
            within={"bank_transaction_id": TEXT, "line_number": COUNT},
            rows=_lines("bank_transaction_id"),
            replace=("bank_transaction_id",),
        ),
    ),
    lambda d: d.bank_transaction_id,
    lambda d: d.updated_date_utc or "",
)
PAYMENTS = Endpoint(
    "payments",
    Payment,
    (
        Table(
            "payments",
            Payment,
            ("payment_id",),
            "Payments of invoices, bills and credit notes, deleted ones too.",
            within={"invoice_id": TEXT, "invoice_number": TEXT, "credit_note_id": TEXT, "account_id": TEXT, "account_code": TEXT},
            rows=lambda d: [
                (
                    d,
                    d.invoice.invoice_id if d.invoice else None,
                    d.invoice.invoice_number if d.invoice else None,
                    d.credit_note.credit_note_id if d.credit_note else None,
                    d.account.account_id if d.account else None,
                    d.account.code if d.account else None,
                )
            ],
        ),
    ),
    lambda d: d.payment_id,
    lambda d: d.updated_date_utc or "",
)
CONTACTS = Endpoint(
    "contacts",
    Contact,
    (
        Table("contacts", Contact, ("contact_id",), "Customers and suppliers, archived ones too."),
        Table(
            "contact_addresses",
            Address,
            ("contact_id", "position"),
            "Addresses of contacts.",
            within={"contact_id": TEXT, "position": COUNT},
            rows=lambda d: [(address, d.contact_id, position) for position, address in enumerate(d.addresses, 1)],
            replace=("contact_id",),
        ),
    ),
    lambda d: d.contact_id,
    lambda d: d.updated_date_utc or "",
)
TRACKING_CATEGORIES = Endpoint(
    "tracking_categories",
    TrackingCategory,
    (
        Table("tracking_categories", TrackingCategory, ("tracking_category_id",), "Dimensions of the ledger."),
        Table(
            "tracking_options",
            TrackingOption,
            ("tracking_option_id",),
            "Values of the dimensions.",
            within={"tracking_category_id": TEXT},
            rows=lambda d: [(option, d.tracking_category_id) for option in d.options],
            replace=("tracking_category_id",),
        ),
    ),
    lambda d: d.tracking_category_id,
)
BUDGETS = Endpoint(
    "budgets",
    Budget,
    (
        Table("budgets", Budget, ("budget_id",), "Budgets."),
        Table(
            "budget_lines",
            BudgetBalance,
            ("budget_id", "account_id", "period"),
            "Budgeted amounts by account and month.",
            within={"budget_id": TEXT, "account_id": TEXT, "account_code": TEXT},
            rows=lambda d: [
                (balance, d.budget_id, line.account_id, line.account_code)
                for line in d.budget_lines
                for balance in line.budget_balances
            ],
            replace=("budget_id",),
        ),
        Table(
            "budget_tracking",
            Tracking,
            ("budget_id", "tracking_category_id"),
            "The tracking option that a budget is for.",
            within={"budget_id": TEXT},
            rows=lambda d: [(tracking, d.budget_id) for tracking in d.tracking],
            replace=("budget_id",),
        ),
    ),
    lambda d: d.budget_id,
    lambda d: d.updated_date_utc or "",
)

ENDPOINTS = (
    ORGANISATION, ACCOUNTS, JOURNALS, INVOICES, CREDIT_NOTES, BANK_TRANSACTIONS, PAYMENTS, CONTACTS, TRACKING_CATEGORIES, BUDGETS,
)  # fmt: skip
TABLES = tuple(table for endpoint in ENDPOINTS for table in endpoint.tables)
