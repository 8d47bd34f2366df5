"""What SAP sends of the ledger: lines of journal entries, open items, accounts, ledgers and company codes."""

from __future__ import annotations

from typing import ClassVar

from dlt_sources.records import Day, Filled, Instant, Money, Table, names
from dlt_sources.records.intake import Endpoint
from dlt_sources.sap.wire import KNOWN, Listing, SapRecord


class GlLine(SapRecord):
    """A line of a journal entry in one ledger. Amounts are debit positive; each document sums to zero in every currency."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names("ID")

    source_ledger: str
    ledger: str
    company_code: str
    fiscal_year: str
    accounting_document: str
    ledger_gl_line_item: str
    accounting_document_item: Filled | None = None
    fiscal_period: Filled | None = None
    fiscal_year_period: Filled | None = None
    posting_date: Day | None = None
    document_date: Day | None = None
    creation_date_time: Instant | None = None
    last_change_date_time: Instant | None = None
    accounting_doc_created_by_user: Filled | None = None
    accounting_document_type: Filled | None = None
    business_transaction_type: Filled | None = None
    reference_document_type: Filled | None = None
    reference_document_context: Filled | None = None
    reference_document: Filled | None = None
    is_reversal: bool | None = None
    is_reversed: bool | None = None
    reversal_reference_document_cntxt: Filled | None = None
    reversal_reference_document: Filled | None = None
    chart_of_accounts: Filled | None = None
    gl_account: Filled | None = None
    financial_account_type: Filled | None = None
    special_gl_code: Filled | None = None
    debit_credit_code: Filled | None = None
    transaction_type_determination: Filled | None = None
    transaction_currency: Filled | None = None
    amount_in_transaction_currency: Money | None = None
    company_code_currency: Filled | None = None
    amount_in_company_code_currency: Money | None = None
    global_currency: Filled | None = None
    amount_in_global_currency: Money | None = None
    controlling_area: Filled | None = None
    cost_center: Filled | None = None
    profit_center: Filled | None = None
    functional_area: Filled | None = None
    segment: Filled | None = None
    order_id: Filled | None = None
    wbs_element_internal_id: Filled | None = None
    partner_company: Filled | None = None
    customer: Filled | None = None
    supplier: Filled | None = None
    product: Filled | None = None
    sold_product: Filled | None = None
    sales_document: Filled | None = None
    purchasing_document: Filled | None = None
    sales_organization: Filled | None = None
    master_fixed_asset: Filled | None = None
    tax_code: Filled | None = None
    assignment_reference: Filled | None = None
    document_item_text: Filled | None = None
    invoice_reference: Filled | None = None
    invoice_reference_fiscal_year: Filled | None = None
    clearing_date: Day | None = None
    clearing_accounting_document: Filled | None = None
    clearing_doc_fiscal_year: Filled | None = None
    offsetting_account: Filled | None = None
    offsetting_account_type: Filled | None = None


class OperationalItem(SapRecord):
    """An item of a customer or a supplier, in entry view: open or cleared, with terms and due date. Credits are negative."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN

    company_code: str
    fiscal_year: str
    accounting_document: str
    accounting_document_item: str
    accounting_document_type: Filled | None = None
    accounting_document_category: Filled | None = None
    fiscal_period: Filled | None = None
    posting_date: Day | None = None
    document_date: Day | None = None
    accounting_document_creation_date: Day | None = None
    last_change_date: Day | None = None
    accounting_doc_created_by_user: Filled | None = None
    financial_account_type: Filled | None = None
    special_gl_code: Filled | None = None
    debit_credit_code: Filled | None = None
    posting_key: Filled | None = None
    gl_account: Filled | None = None
    customer: Filled | None = None
    supplier: Filled | None = None
    partner_company: Filled | None = None
    is_cleared: bool | None = None
    clearing_date: Day | None = None
    clearing_creation_date: Day | None = None
    clearing_accounting_document: Filled | None = None
    clearing_doc_fiscal_year: Filled | None = None
    clearing_is_reversed: bool | None = None
    is_reversal: bool | None = None
    is_reversed: bool | None = None
    reverse_document: Filled | None = None
    reverse_document_fiscal_year: Filled | None = None
    reversal_reason: Filled | None = None
    invoice_reference: Filled | None = None
    invoice_reference_fiscal_year: Filled | None = None
    invoice_item_reference: Filled | None = None
    follow_on_document_type: Filled | None = None
    net_due_date: Day | None = None
    due_calculation_base_date: Day | None = None
    payment_terms: Filled | None = None
    net_payment_days: Money | None = None
    cash_discount1_days: Money | None = None
    cash_discount1_percent: Money | None = None
    cash_discount2_days: Money | None = None
    cash_discount2_percent: Money | None = None
    payment_method: Filled | None = None
    payment_blocking_reason: Filled | None = None
    dunning_level: Filled | None = None
    last_dunning_date: Day | None = None
    dunning_blocking_reason: Filled | None = None
    transaction_currency: Filled | None = None
    amount_in_transaction_currency: Money | None = None
    company_code_currency: Filled | None = None
    amount_in_company_code_currency: Money | None = None
    cash_discount_amount: Money | None = None
    cash_discount_amt_in_co_code_crcy: Money | None = None
    withholding_tax_amount: Money | None = None
    exchange_rate: Money | None = None
    exchange_rate_date: Day | None = None
    tax_code: Filled | None = None
    assignment_reference: Filled | None = None
    document_reference_id: Filled | None = None
    payment_reference: Filled | None = None
    document_item_text: Filled | None = None
    accounting_document_header_text: Filled | None = None
    reference_document_type: Filled | None = None
    original_reference_document: Filled | None = None
    billing_document: Filled | None = None
    sales_document: Filled | None = None
    purchasing_document: Filled | None = None
    cost_center: Filled | None = None
    profit_center: Filled | None = None
    ledger_gl_line_item: Filled | None = None


class CompanyCode(SapRecord):
    """A company that keeps its own books."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "CreditControlArea FinancialManagementArea AddressID TaxableEntity ExtendedWhldgTaxIsActive FieldStatusVariant "
        "NonTaxableTransactionTaxCode DocDateIsUsedForTaxDetn TaxRptgDateIsActive"
    )

    company_code: str
    company_code_name: Filled | None = None
    city_name: Filled | None = None
    country: Filled | None = None
    currency: Filled | None = None
    language: Filled | None = None
    chart_of_accounts: Filled | None = None
    fiscal_year_variant: Filled | None = None
    company: Filled | None = None
    controlling_area: Filled | None = None
    country_chart_of_accounts: Filled | None = None
    vat_registration: Filled | None = None


class Ledger(SapRecord):
    """A ledger: each holds every posting once."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names("to_Text")

    ledger: str
    is_leading_ledger: bool | None = None
    ledger_application: Filled | None = None
    ledger_sub_application: Filled | None = None


class LedgerText(SapRecord):
    """The name of a ledger in a language."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names("to_Ledger")

    ledger: str
    language: str
    ledger_name: Filled | None = None


class GlAccount(SapRecord):
    """An account of the chart."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names("SampleGLAccount to_Text")

    chart_of_accounts: str
    gl_account: str
    is_balance_sheet_account: bool | None = None
    is_profit_loss_account: bool | None = None
    gl_account_type: Filled | None = None
    gl_account_group: Filled | None = None
    profit_loss_account_type: Filled | None = None
    corporate_group_account: Filled | None = None
    partner_company: Filled | None = None
    functional_area: Filled | None = None
    account_is_marked_for_deletion: bool | None = None
    account_is_blocked_for_posting: bool | None = None
    account_is_blocked_for_planning: bool | None = None
    account_is_blocked_for_creation: bool | None = None
    gl_account_external: Filled | None = None
    creation_date: Day | None = None
    created_by_user: Filled | None = None
    last_change_date_time: Instant | None = None


class GlAccountText(SapRecord):
    """The name of an account in a language."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names("to_GLAccountInChartOfAccounts")

    chart_of_accounts: str
    gl_account: str
    language: str
    gl_account_name: Filled | None = None
    gl_account_long_name: Filled | None = None
    last_change_date_time: Instant | None = None


GL_LINES = Listing(
    Endpoint(
        "gl_account_line_items",
        GlLine,
        (
            Table(
                "gl_account_line_items",
                GlLine,
                ("source_ledger", "ledger", "company_code", "fiscal_year", "accounting_document", "ledger_gl_line_item"),
                "Lines of journal entries of one ledger, debit positive. One row per ledger, document and line.",
                once=True,
            ),
        ),
        lambda d: f"{d.company_code}|{d.fiscal_year}|{d.accounting_document}|{d.ledger_gl_line_item}|{d.source_ledger}|{d.ledger}",
    ),
    ("API_GLACCOUNTLINEITEM/GLAccountLineItem",),
    ("CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem", "SourceLedger", "Ledger"),
    "changes",
    essential=True,
)
OPERATIONAL_ITEMS = Listing(
    Endpoint(
        "operational_items",
        OperationalItem,
        (
            Table(
                "operational_items",
                OperationalItem,
                ("company_code", "fiscal_year", "accounting_document", "accounting_document_item"),
                "Items of customers and suppliers, open and cleared, credits negative. One row per document and item.",
                once=True,
            ),
        ),
        lambda d: f"{d.company_code}|{d.fiscal_year}|{d.accounting_document}|{d.accounting_document_item}",
    ),
    ("API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube",),
    ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem"),
    "changes",
)
COMPANY_CODES = Listing(
    Endpoint(
        "company_codes",
        CompanyCode,
        (Table("company_codes", CompanyCode, ("company_code",), "Companies that keep books of their own."),),
        lambda d: str(d.company_code),
    ),
    ("API_COMPANYCODE_SRV/A_CompanyCode", "API_JOURNALENTRYITEMBASIC_SRV/A_CompanyCode"),
    ("CompanyCode",),
)
LEDGERS = Listing(
    Endpoint(
        "ledgers", Ledger, (Table("ledgers", Ledger, ("ledger",), "Ledgers; each holds every posting."),), lambda d: str(d.ledger)
    ),
    ("API_LEDGER_SRV/A_Ledger",),
    ("Ledger",),
)
LEDGER_TEXTS = Listing(
    Endpoint(
        "ledger_texts",
        LedgerText,
        (Table("ledger_texts", LedgerText, ("ledger", "language"), "Names of ledgers by language."),),
        lambda d: f"{d.ledger}|{d.language}",
    ),
    ("API_LEDGER_SRV/A_LedgerText",),
    ("Ledger", "Language"),
)
GL_ACCOUNTS = Listing(
    Endpoint(
        "gl_accounts",
        GlAccount,
        (Table("gl_accounts", GlAccount, ("chart_of_accounts", "gl_account"), "Accounts of the chart, blocked ones too."),),
        lambda d: f"{d.chart_of_accounts}|{d.gl_account}",
    ),
    (
        "API_GLACCOUNTINCHARTOFACCOUNTS_SRV/A_GLAccountInChartOfAccounts",
        "API_JOURNALENTRYITEMBASIC_SRV/A_GLAccountInChartOfAccounts",
    ),
    ("ChartOfAccounts", "GLAccount"),
    essential=True,
)
GL_ACCOUNT_TEXTS = Listing(
    Endpoint(
        "gl_account_texts",
        GlAccountText,
        (
            Table(
                "gl_account_texts",
                GlAccountText,
                ("chart_of_accounts", "gl_account", "language"),
                "Names of accounts, one row per language.",
            ),
        ),
        lambda d: f"{d.chart_of_accounts}|{d.gl_account}|{d.language}",
    ),
    ("API_GLACCOUNTINCHARTOFACCOUNTS_SRV/A_GLAccountText",),
    ("ChartOfAccounts", "GLAccount", "Language"),
)

LISTINGS = (GL_LINES, OPERATIONAL_ITEMS, COMPANY_CODES, LEDGERS, LEDGER_TEXTS, GL_ACCOUNTS, GL_ACCOUNT_TEXTS)
