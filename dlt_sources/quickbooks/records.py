"""QuickBooks' lists: accounts, parties, items, dimensions, taxes, budgets, rates, and the company itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from dlt_sources.quickbooks.shapes import NO_REF, NO_STAMPS, STAMPED, Flat, Inner, QuickBooksRecord, Ref, Stamps
from dlt_sources.quickbooks.transactions import TRANSACTIONS, Address, Email
from dlt_sources.records import COUNT, DAY, FLAG, INSTANT, TEXT, Day, Kind, Money, Record, Table, names
from dlt_sources.records.intake import Endpoint

NO_EMAIL, NO_ADDRESS = Email(), Address()


class Listed(QuickBooksRecord):
    """What all objects of lists have; inactive ones come too, and QuickBooks adds " (deleted)" to their names."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("domain sparse")

    id: str
    sync_token: str | None = None
    active: bool | None = None
    meta_data: Stamps | None = NO_STAMPS


class Account(Listed):
    """An account of the chart. Balances are those of the moment, in the account's currency."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names("AccountAlias TxnLocationType TaxCodeRef FIName JournalCodeRef")

    name: str | None = None
    fully_qualified_name: str | None = None
    acct_num: str | None = None
    description: str | None = None
    classification: str | None = None
    account_type: str | None = None
    account_sub_type: str | None = None
    sub_account: bool | None = None
    current_balance: Money | None = None
    current_balance_with_sub_accounts: Money | None = None
    parent_ref: Ref | None = NO_REF
    currency_ref: Ref | None = NO_REF


class Phone(Inner, frozen=True):
    """A telephone number."""

    free_form_number: str | None = None


class Website(Inner, frozen=True):
    """An address on the web."""

    uri: str | None = None


NO_PHONE, NO_WEBSITE = Phone(), Website()


class _Party(Listed):
    """What customers, vendors and employees share."""

    display_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    print_on_check_name: str | None = None
    primary_email_addr: Email | None = NO_EMAIL
    primary_phone: Phone | None = NO_PHONE


class Customer(_Party):
    """A customer; jobs and projects are customers with a parent."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names(
        "MiddleName Suffix Title Fax Mobile AlternatePhone OtherContactInfo ShipAddr PreferredDeliveryMethod TaxExemptionReasonId "
        "GSTIN GSTRegistrationType Source ClientEntityId IsProjectType DefaultTaxCodeRef PaymentMethodRef OpenBalanceDate "
        "SecondaryTaxIdentifier CustomField"
    )

    fully_qualified_name: str | None = None
    company_name: str | None = None
    job: bool | None = None
    is_project: bool | None = None
    bill_with_parent: bool | None = None
    level: Money | None = None
    taxable: bool | None = None
    resale_num: str | None = None
    primary_tax_identifier: str | None = None
    business_number: str | None = None
    notes: str | None = None
    balance: Money | None = None
    balance_with_jobs: Money | None = None
    web_addr: Website | None = NO_WEBSITE
    bill_addr: Address | None = NO_ADDRESS
    parent_ref: Ref | None = NO_REF
    currency_ref: Ref | None = NO_REF
    sales_term_ref: Ref | None = NO_REF
    customer_type_ref: Ref | None = NO_REF
    ar_account_ref: Ref | None = msgspec.field(name="ARAccountRef", default=NO_REF)


class Vendor(_Party):
    """A vendor. Bank details are left out."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names(
        "MiddleName Suffix Title Fax Mobile AlternatePhone OtherContactInfo GSTIN GSTRegistrationType HasTPAR TaxReportingBasis "
        "VendorPaymentBankDetail T4AEligible T5018Eligible Source BillRate CostRate ClientEntityId"
    )

    company_name: str | None = None
    acct_num: str | None = None
    tax_identifier: str | None = None
    business_number: str | None = None
    is_1099: bool | None = msgspec.field(name="Vendor1099", default=None)
    balance: Money | None = None
    web_addr: Website | None = NO_WEBSITE
    bill_addr: Address | None = NO_ADDRESS
    currency_ref: Ref | None = NO_REF
    term_ref: Ref | None = NO_REF
    ap_account_ref: Ref | None = NO_REF


class Employee(_Party):
    """An employee's name and dates; birth date, social security number, rates and addresses are left out."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names(
        "SSN BirthDate Gender PrimaryAddr Mobile BillRate CostRate Organization MiddleName Suffix V4IDPseudonym UseTimeEntry"
    )

    title: str | None = None
    employee_number: str | None = None
    hired_date: Day | None = None
    released_date: Day | None = None
    billable_time: bool | None = None


class Item(Listed):
    """A product or service, with the accounts that its sales and purchases post to."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names(
        "ItemGroupDetail PrintGroupedItems AbatementRate ReverseChargeRate ServiceType UQCDisplayText UQCId Source ReorderPoint "
        "PrefVendorRef PurchaseTaxIncluded SalesTaxIncluded TaxClassificationRef ClientEntityId DeferredRevenue"
    )

    name: str | None = None
    fully_qualified_name: str | None = None
    sku: str | None = None
    type: str | None = None
    item_category_type: str | None = None
    description: str | None = None
    purchase_desc: str | None = None
    unit_price: Money | None = None
    purchase_cost: Money | None = None
    sub_item: bool | None = None
    level: Money | None = None
    taxable: bool | None = None
    track_qty_on_hand: bool | None = None
    qty_on_hand: Money | None = None
    inv_start_date: Day | None = None
    parent_ref: Ref | None = NO_REF
    income_account_ref: Ref | None = NO_REF
    expense_account_ref: Ref | None = NO_REF
    asset_account_ref: Ref | None = NO_REF
    class_ref: Ref | None = NO_REF
    sales_tax_code_ref: Ref | None = NO_REF
    purchase_tax_code_ref: Ref | None = NO_REF


class Dimension(Listed):
    """A class, or a department (location), of the ledger."""

    name: str | None = None
    fully_qualified_name: str | None = None
    sub_class: bool | None = None
    sub_department: bool | None = None
    parent_ref: Ref | None = NO_REF


class Term(Listed):
    """When an invoice or bill is due."""

    name: str | None = None
    type: str | None = None
    due_days: Money | None = None
    discount_days: Money | None = None
    discount_percent: Money | None = None
    day_of_month_due: Money | None = None
    due_next_month_days: Money | None = None
    discount_day_of_month: Money | None = None


class TaxAgency(Listed):
    """Whom taxes are owed to; its liability account bears its name."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names("LastFileDate TaxAgencyConfig")

    display_name: str | None = None
    tax_registration_number: str | None = None
    tax_tracked_on_sales: bool | None = None
    tax_tracked_on_purchases: bool | None = None


class TaxRate(Listed):
    """A rate of tax, in percent, and the agency that it is owed to."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names("EffectiveTaxRate OriginalTaxRate TaxReturnLineRef")

    name: str | None = None
    description: str | None = None
    rate_value: Money | None = None
    special_tax_type: str | None = None
    display_type: str | None = None
    agency_ref: Ref | None = NO_REF


class TaxRateDetail(QuickBooksRecord):
    """A rate within a tax code."""

    tax_type_applicable: str | None = None
    tax_order: Money | None = None
    tax_rate_ref: Ref | None = NO_REF


class TaxRateList(Inner, frozen=True):
    """The rates of a tax code, of sales or of purchases."""

    tax_rate_detail: list[TaxRateDetail] | None = None


class TaxCode(Listed):
    """What lines of transactions are taxed by."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names("Hidden TaxCodeConfigType AdjustmentTaxRateList")

    name: str | None = None
    description: str | None = None
    taxable: bool | None = None
    tax_group: bool | None = None
    sales_tax_rate_list: TaxRateList | None = None
    purchase_tax_rate_list: TaxRateList | None = None


class CompanyInfo(Listed):
    """The company."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names(
        "CompanyAddr CustomerCommunicationAddr LegalAddr CustomerCommunicationEmailAddr PrimaryPhone CompanyPhone Email WebAddr "
        "SupportedLanguages NameValue EmployerId DefaultTimeZone"
    )

    company_name: str | None = None
    legal_name: str | None = None
    country: str | None = None
    company_start_date: Day | None = None
    fiscal_year_start_month: str | None = None


class AccountingPreferences(Inner, frozen=True):
    """How the books are kept."""

    first_month_of_fiscal_year: str | None = None
    tax_year_month: str | None = None
    book_close_date: Day | None = None
    use_account_numbers: bool | None = None
    class_tracking_per_txn: bool | None = None
    class_tracking_per_txn_line: bool | None = None
    track_departments: bool | None = None
    department_terminology: str | None = None


class CurrencyPreferences(Inner, frozen=True):
    """The home currency."""

    multi_currency_enabled: bool | None = None
    home_currency: Ref | None = NO_REF


class SalesPreferences(Inner, frozen=True):
    """Accounts of what sales forms have beside items; some companies send flags in their place."""

    default_discount_account: str | bool | None = None
    default_shipping_account: str | bool | None = None

    @property
    def discount_account(self) -> str | None:
        """The account's id."""
        return self.default_discount_account if isinstance(self.default_discount_account, str) else None

    @property
    def shipping_account(self) -> str | None:
        """The account's id."""
        return self.default_shipping_account if isinstance(self.default_shipping_account, str) else None


class ReportPreferences(Inner, frozen=True):
    """What reports show unless told otherwise."""

    report_basis: str | None = None


class TaxPreferences(Inner, frozen=True):
    """Whether sales tax is on."""

    using_sales_tax: bool | None = None
    partner_tax_enabled: bool | None = None


class Preferences(Listed):
    """The company's settings, as far as the ledger depends on them."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names(
        "EmailMessagesPrefs ProductAndServicesPrefs VendorAndPurchasesPrefs TimeTrackingPrefs OtherPrefs"
    )

    accounting_info_prefs: AccountingPreferences | None = AccountingPreferences()
    currency_prefs: CurrencyPreferences | None = CurrencyPreferences()
    sales_forms_prefs: SalesPreferences | None = SalesPreferences()
    report_prefs: ReportPreferences | None = ReportPreferences()
    tax_prefs: TaxPreferences | None = TaxPreferences()


class CompanyCurrency(Listed):
    """A foreign currency that the company uses."""

    LEFT_OUT: ClassVar[frozenset[str]] = Listed.LEFT_OUT | names("CustomField")

    code: str | None = None
    name: str | None = None


class ExchangeRate(QuickBooksRecord):
    """Units of the home currency (target) for one unit of a foreign one (source) on a day."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("domain sparse Id SyncToken MetaData CustomField")

    source_currency_code: str
    as_of_date: Day
    target_currency_code: str | None = None
    rate: Money | None = None


class BudgetDetail(QuickBooksRecord):
    """A budgeted amount, of the period that begins on a day; natural sign."""

    budget_date: Day | None = None
    amount: Money | None = None
    account_ref: Ref | None = NO_REF
    class_ref: Ref | None = NO_REF
    department_ref: Ref | None = NO_REF
    customer_ref: Ref | None = NO_REF


class Budget(Listed):
    """A budget of profit and loss."""

    name: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    budget_type: str | None = None
    budget_entry_type: str | None = None
    budget_detail: list[BudgetDetail] | None = None


class Deletion(Record, rename={"entity": "entity", "id": "Id", "detected_by": "detected_by", "meta_data": "MetaData"}):
    """That an object was deleted: it appears nowhere else any more."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("domain sparse status SyncToken")

    entity: str
    id: str
    detected_by: str
    meta_data: Stamps | None = NO_STAMPS


def _endpoint(
    name: str,
    record: type[Record],
    description: str,
    nested: Mapping[str, str] | None = None,
    kinds: Mapping[str, Kind] | None = None,
    parts: tuple[Table, ...] = (),
) -> Endpoint:
    """A list: its table, with what is nested as columns, and the tables of its parts."""
    flat = Flat({**STAMPED, **(nested or {})}, {**_WHEN, **(kinds or {})})
    table = Table(name, record, ("id",), description, within=flat.within, rows=lambda d: [(d, *flat.of(d))], once=True)
    return Endpoint(name, record, (table, *parts), lambda d: d.id)


def _refs(text: str) -> dict[str, str]:
    """``parent`` to ``{"parent_id": "parent_ref.value"}``, for each of the names."""
    return {f"{name}_id": f"{name}_ref.value" for name in text.split()}


_WHEN = {"created_at": INSTANT, "updated_at": INSTANT}
_CURRENCY = {"currency": "currency_ref.value"}
_CONTACT = {"email": "primary_email_addr.address", "phone": "primary_phone.free_form_number"}
_ADDRESS = {
    "website": "web_addr.uri",
    "bill_city": "bill_addr.city",
    "bill_region": "bill_addr.country_sub_division_code",
    "bill_postal_code": "bill_addr.postal_code",
    "bill_country": "bill_addr.country",
}


def _tax_code_rates(code: TaxCode) -> list[Any]:
    sides = (("sales", code.sales_tax_rate_list), ("purchase", code.purchase_tax_rate_list))
    return [
        (rate, code.id, side, number, rate.tax_rate_ref.value if rate.tax_rate_ref else None)
        for side, listed in sides
        for number, rate in enumerate((listed.tax_rate_detail if listed else None) or (), 1)
    ]


_BUDGET_LINE = Flat(_refs("account class department customer"))

COMPANY_INFO = _endpoint("company_info", CompanyInfo, "The company.")
PREFERENCES = _endpoint(
    "preferences",
    Preferences,
    "The company's settings, as far as the ledger depends on them.",
    {
        "home_currency": "currency_prefs.home_currency.value",
        "multi_currency_enabled": "currency_prefs.multi_currency_enabled",
        "first_month_of_fiscal_year": "accounting_info_prefs.first_month_of_fiscal_year",
        "tax_year_month": "accounting_info_prefs.tax_year_month",
        "book_close_date": "accounting_info_prefs.book_close_date",
        "use_account_numbers": "accounting_info_prefs.use_account_numbers",
        "class_tracking_per_txn": "accounting_info_prefs.class_tracking_per_txn",
        "class_tracking_per_txn_line": "accounting_info_prefs.class_tracking_per_txn_line",
        "track_departments": "accounting_info_prefs.track_departments",
        "department_terminology": "accounting_info_prefs.department_terminology",
        "default_discount_account_id": "sales_forms_prefs.discount_account",
        "default_shipping_account_id": "sales_forms_prefs.shipping_account",
        "report_basis": "report_prefs.report_basis",
        "using_sales_tax": "tax_prefs.using_sales_tax",
        "partner_tax_enabled": "tax_prefs.partner_tax_enabled",
    },
    {
        "book_close_date": DAY,
        **dict.fromkeys(
            names(
                "multi_currency_enabled use_account_numbers class_tracking_per_txn class_tracking_per_txn_line track_departments "
                "using_sales_tax partner_tax_enabled"
            ),
            FLAG,
        ),
    },
)
TAX_AGENCIES = _endpoint("tax_agencies", TaxAgency, "Whom taxes are owed to.")
TAX_RATES = _endpoint("tax_rates", TaxRate, "Rates of tax, and the agency of each.", _refs("agency"))
TAX_CODES = _endpoint(
    "tax_codes",
    TaxCode,
    "What lines of transactions are taxed by.",
    parts=(
        Table(
            "tax_code_rates",
            TaxRateDetail,
            ("tax_code_id", "side", "position"),
            "The rates of tax codes, of sales and of purchases.",
            within={"tax_code_id": TEXT, "side": TEXT, "position": COUNT, "tax_rate_id": TEXT},
            rows=_tax_code_rates,
            replace=("tax_code_id",),
            once=True,
        ),
    ),
)
EXCHANGE_RATES = Endpoint(
    "exchange_rates",
    ExchangeRate,
    (
        Table(
            "exchange_rates",
            ExchangeRate,
            ("source_currency_code", "as_of_date"),
            "Home currency for one unit of a foreign one, at months' ends.",
        ),
    ),
    lambda d: f"{d.source_currency_code}|{d.as_of_date}",
)
DELETIONS = Endpoint(
    "deletions",
    Deletion,
    (
        Table(
            "deletions",
            Deletion,
            ("entity", "id"),
            "Objects that were deleted: whatever bears the same entity (or transaction type) and id is gone, with all its parts.",
            within={"deleted_at": INSTANT},
            rows=lambda d: [(d, d.meta_data.last_updated_time if d.meta_data else None)],
        ),
    ),
    lambda d: f"{d.entity}|{d.id}",
)

LISTS = {
    "Account": _endpoint("accounts", Account, "Chart of accounts, inactive ones too.", {**_refs("parent"), **_CURRENCY}),
    "Customer": _endpoint(
        "customers",
        Customer,
        "Customers with their jobs and projects, inactive ones too.",
        {**_CURRENCY, **_CONTACT, **_ADDRESS, **_refs("parent sales_term customer_type ar_account")},
    ),
    "Vendor": _endpoint(
        "vendors", Vendor, "Vendors, inactive ones too.", {**_CURRENCY, **_CONTACT, **_ADDRESS, **_refs("term ap_account")}
    ),
    "Employee": _endpoint("employees", Employee, "Employees' names and dates, inactive ones too.", _CONTACT),
    "Item": _endpoint(
        "items",
        Item,
        "Products and services with their accounts, inactive ones too.",
        _refs("parent income_account expense_account asset_account class sales_tax_code purchase_tax_code"),
    ),
    "Class": _endpoint("classes", Dimension, "Classes of lines, inactive ones too.", _refs("parent")),
    "Department": _endpoint("departments", Dimension, "Locations of transactions, inactive ones too.", _refs("parent")),
    "Term": _endpoint("terms", Term, "When invoices and bills are due."),
    "CompanyCurrency": _endpoint("company_currencies", CompanyCurrency, "Foreign currencies in use."),
    "Budget": _endpoint(
        "budgets",
        Budget,
        "Budgets of profit and loss.",
        parts=(
            Table(
                "budget_lines",
                BudgetDetail,
                ("budget_id", "position"),
                "Budgeted amounts by account, period and dimension.",
                within={"budget_id": TEXT, "position": COUNT, **_BUDGET_LINE.within},
                rows=lambda d: [
                    (line, d.id, number, *_BUDGET_LINE.of(line)) for number, line in enumerate(d.budget_detail or (), 1)
                ],
                replace=("budget_id",),
                once=True,
            ),
        ),
    ),
}
"""Lists of which change data capture tells what is new, by the vendor's names."""
WHOLE = {
    "CompanyInfo": COMPANY_INFO,
    "Preferences": PREFERENCES,
    "TaxAgency": TAX_AGENCIES,
    "TaxRate": TAX_RATES,
    "TaxCode": TAX_CODES,
}
"""Small lists that are read whole each time: change data capture does not know them, or they are one object."""
CAPTURED = LISTS | TRANSACTIONS
HAVE_ACTIVE = frozenset(
    {"Account", "Customer", "Vendor", "Employee", "Item", "Class", "Department", "Term", "TaxCode", "TaxRate", "Budget"}
)
"""Entities of which a query shows inactive objects only where it asks for them."""
DELETABLE = frozenset(TRANSACTIONS) | {"Budget"}
"""Entities whose objects can disappear; the others are made inactive."""

_ALL = (*WHOLE.values(), *CAPTURED.values(), EXCHANGE_RATES, DELETIONS)
TABLES = tuple({table.name: table for endpoint in _ALL for table in endpoint.tables}.values())
