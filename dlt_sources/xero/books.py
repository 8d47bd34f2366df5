"""The books themselves: chart, journals, dimensions, budgets, and the lists that documents refer to."""

from __future__ import annotations

from typing import ClassVar

from dlt_sources.records import COUNT, TEXT, Day, Instant, Money, Table, names
from dlt_sources.records.intake import Endpoint
from dlt_sources.xero.wire import Tracking, XeroRecord


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


class ManualJournalLine(XeroRecord):
    """A line of a manual journal; debit positive, in base currency. It has no identity."""

    account_id: str | None = None
    account_code: str | None = None
    description: str | None = None
    line_amount: Money | None = None
    tax_type: str | None = None
    tax_amount: Money | None = None
    is_blank: bool | None = None
    tracking: list[Tracking] = []


class ManualJournal(XeroRecord):
    """A journal that a person or a program has entered; unlike the journals that follow from it, it can change."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "DateString Url HasAttachments Attachments StatusAttributeString Warnings ValidationErrors"
    )

    manual_journal_id: str
    narration: str | None = None
    date: Day | None = None
    status: str | None = None
    line_amount_types: str | None = None
    show_on_cash_basis_reports: bool | None = None
    updated_date_utc: Instant | None = None
    journal_lines: list[ManualJournalLine] = []


class TradeOf(XeroRecord):
    """What an item costs or is sold for."""

    account_code: str | None = None
    tax_type: str | None = None


class Item(XeroRecord):
    """A product or service that lines name by its code."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("PurchaseDescription StatusAttributeString ValidationErrors")

    item_id: str
    code: str | None = None
    name: str | None = None
    description: str | None = None
    is_sold: bool | None = None
    is_purchased: bool | None = None
    is_tracked_as_inventory: bool | None = None
    inventory_asset_account_code: str | None = None
    total_cost_pool: Money | None = None
    quantity_on_hand: Money | None = None
    updated_date_utc: Instant | None = None
    sales_details: TradeOf | None = None
    purchase_details: TradeOf | None = None


class TaxRate(XeroRecord):
    """A tax that lines name by its type."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("TaxComponents")

    tax_type: str
    name: str | None = None
    status: str | None = None
    report_tax_type: str | None = None
    display_tax_rate: Money | None = None
    effective_rate: Money | None = None
    can_apply_to_assets: bool | None = None
    can_apply_to_equity: bool | None = None
    can_apply_to_expenses: bool | None = None
    can_apply_to_liabilities: bool | None = None
    can_apply_to_revenue: bool | None = None


class Currency(XeroRecord):
    """A currency that the organisation uses."""

    code: str
    description: str | None = None


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
MANUAL_JOURNALS = Endpoint(
    "manual_journals",
    ManualJournal,
    (
        Table("manual_journals", ManualJournal, ("manual_journal_id",), "Manual journals, drafts and voided ones too."),
        Table(
            "manual_journal_lines",
            ManualJournalLine,
            ("manual_journal_id", "line_number"),
            "Lines of manual journals, in base currency, debit positive.",
            within={"manual_journal_id": TEXT, "line_number": COUNT},
            rows=lambda d: [(line, d.manual_journal_id, number) for number, line in enumerate(d.journal_lines, 1)],
            replace=("manual_journal_id",),
        ),
        Table(
            "manual_journal_line_tracking",
            Tracking,
            ("manual_journal_id", "line_number", "tracking_category_id", "option"),
            "Tracking options of manual journal lines.",
            within={"manual_journal_id": TEXT, "line_number": COUNT},
            rows=lambda d: [
                (tracking, d.manual_journal_id, number)
                for number, line in enumerate(d.journal_lines, 1)
                for tracking in line.tracking
            ],
            replace=("manual_journal_id",),
        ),
    ),
    lambda d: d.manual_journal_id,
    lambda d: d.updated_date_utc or "",
)
ITEMS = Endpoint(
    "items",
    Item,
    (
        Table(
            "items",
            Item,
            ("item_id",),
            "Products and services.",
            within={"sales_account_code": TEXT, "purchase_account_code": TEXT},
            rows=lambda d: [
                (
                    d,
                    d.sales_details.account_code if d.sales_details else None,
                    d.purchase_details.account_code if d.purchase_details else None,
                )
            ],
        ),
    ),
    lambda d: d.item_id,
    lambda d: d.updated_date_utc or "",
)
TAX_RATES = Endpoint(
    "tax_rates", TaxRate, (Table("tax_rates", TaxRate, ("tax_type",), "Taxes, with their rates."),), lambda d: d.tax_type
)
CURRENCIES = Endpoint("currencies", Currency, (Table("currencies", Currency, ("code",), "Currencies in use."),), lambda d: d.code)
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
