"""What SAP sends of documents and plans: billing documents, supplier invoices, planned amounts."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from dlt_sources.records import COUNT, TEXT, ClockTime, Day, Filled, Instant, Money, Table, names
from dlt_sources.records.intake import Endpoint
from dlt_sources.sap.wire import KNOWN, Listing, SapRecord


class BillingDocumentItem(SapRecord):
    """An item of a billing document."""

    billing_document_item: str
    sales_document_item_category: Filled | None = None
    material: Filled | None = None
    billing_document_item_text: Filled | None = None
    services_rendered_date: Day | None = None
    billing_quantity: Money | None = None
    billing_quantity_unit: Filled | None = None
    net_amount: Money | None = None
    tax_amount: Money | None = None
    gross_amount: Money | None = None
    cost_amount: Money | None = None
    transaction_currency: Filled | None = None
    plant: Filled | None = None
    material_group: Filled | None = None
    profit_center: Filled | None = None
    cost_center: Filled | None = None
    order_id: Filled | None = None
    wbs_element: Filled | None = None
    sales_document: Filled | None = None
    sales_document_item: Filled | None = None
    reference_sd_document: Filled | None = None
    reference_sd_document_item: Filled | None = None
    departure_country: Filled | None = None
    bill_to_party_country: Filled | None = None
    creation_date: Day | None = None
    created_by_user: Filled | None = None


class BillingDocumentItems(msgspec.Struct):
    """Items that came with a billing document."""

    results: list[BillingDocumentItem] = []


class BillingDocument(SapRecord):
    """A document of sales billing. Amounts are positive; ``sd_document_category`` says whether they are owed or given back."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "LogicalSystem ForeignTrade IsExportDelivery BillingDocCombinationCriteria ManualInvoiceMaintIsRelevant "
        "IsIntrastatReportingRelevant IsIntrastatReportingExcluded StatisticsCurrency CustomerPriceGroup PriceListType "
        "TaxDepartureCountry VATRegistration VATRegistrationOrigin VATRegistrationCountry HierarchyTypePricing "
        "CustomerTaxClassification1 CustomerTaxClassification2 CustomerTaxClassification3 CustomerTaxClassification4 "
        "CustomerTaxClassification5 CustomerTaxClassification6 CustomerTaxClassification7 CustomerTaxClassification8 "
        "CustomerTaxClassification9 IsEUTriangularDeal SDPricingProcedure ShippingCondition IncotermsVersion "
        "IncotermsClassification IncotermsTransferLocation IncotermsLocation1 IncotermsLocation2 ContractAccount PaymentMethod "
        "AdditionalValueDays SEPAMandate CustomerAccountAssignmentGroup AccountingExchangeRateIsSet ExchangeRateType "
        "DunningArea DunningBlockingReason DunningKey InternalFinancialDocument IsRelevantForAccrual CustomerGroup CityCode "
        "SalesDistrict Region County CreditControlArea CustomerRebateAgreement SalesDocumentCondition BillingIssueType "
        "InvoiceListStatus OvrlItmGeneralIncompletionSts OverallPricingIncompletionSts BillingDocumentListType "
        "BillingDocumentListDate to_Partner to_PricingElement to_Text"
    )

    billing_document: str
    sd_document_category: Filled | None = None
    billing_document_category: Filled | None = None
    billing_document_type: Filled | None = None
    billing_document_date: Day | None = None
    creation_date: Day | None = None
    creation_time: ClockTime | None = None
    last_change_date: Day | None = None
    last_change_date_time: Instant | None = None
    billing_document_is_cancelled: bool | None = None
    cancelled_billing_document: Filled | None = None
    company_code: Filled | None = None
    fiscal_year: Filled | None = None
    accounting_document: Filled | None = None
    sales_organization: Filled | None = None
    distribution_channel: Filled | None = None
    division: Filled | None = None
    sold_to_party: Filled | None = None
    payer_party: Filled | None = None
    partner_company: Filled | None = None
    country: Filled | None = None
    transaction_currency: Filled | None = None
    total_net_amount: Money | None = None
    tax_amount: Money | None = None
    total_gross_amount: Money | None = None
    customer_payment_terms: Filled | None = None
    fixed_value_date: Day | None = None
    abslt_accounting_exchange_rate: Money | None = None
    acctg_exchange_rate_is_indrct_qtan: bool | None = None
    exchange_rate_date: Day | None = None
    document_reference_id: Filled | None = None
    assignment_reference: Filled | None = None
    payment_reference: Filled | None = None
    purchase_order_by_customer: Filled | None = None
    invoice_clearing_status: Filled | None = None
    accounting_posting_status: Filled | None = None
    accounting_transfer_status: Filled | None = None
    overall_sd_process_status: Filled | None = None
    overall_billing_status: Filled | None = None
    to_item: BillingDocumentItems | None = None


class SupplierInvoiceGlItem(SapRecord):
    """A line of a supplier invoice that was assigned to an account."""

    supplier_invoice_item: str
    company_code: Filled | None = None
    gl_account: Filled | None = None
    debit_credit_code: Filled | None = None
    document_currency: Filled | None = None
    supplier_invoice_item_amount: Money | None = None
    tax_code: Filled | None = None
    tax_base_amount_in_trans_crcy: Money | None = None
    tax_country: Filled | None = None
    cost_center: Filled | None = None
    controlling_area: Filled | None = None
    profit_center: Filled | None = None
    functional_area: Filled | None = None
    internal_order: Filled | None = None
    wbs_element: Filled | None = None
    sales_order: Filled | None = None
    quantity: Money | None = None
    quantity_unit: Filled | None = None
    supplier_invoice_item_text: Filled | None = None
    assignment_reference: Filled | None = None


class SupplierInvoiceGlItems(msgspec.Struct):
    """Account lines that came with a supplier invoice."""

    results: list[SupplierInvoiceGlItem] = []


class SupplierInvoiceOrderItem(SapRecord):
    """A line of a supplier invoice that refers to a purchase order."""

    supplier_invoice_item: str
    purchase_order: Filled | None = None
    purchase_order_item: Filled | None = None
    plant: Filled | None = None
    product_type: Filled | None = None
    document_currency: Filled | None = None
    supplier_invoice_item_amount: Money | None = None
    tax_code: Filled | None = None
    tax_country: Filled | None = None
    purchase_order_quantity_unit: Filled | None = None
    quantity_in_purchase_order_unit: Money | None = None
    is_subsequent_debit_credit: Filled | None = None
    supplier_invoice_item_text: Filled | None = None


class SupplierInvoiceOrderItems(msgspec.Struct):
    """Purchase order lines that came with a supplier invoice."""

    results: list[SupplierInvoiceOrderItem] = []


class SupplierInvoiceTax(SapRecord):
    """The tax of a supplier invoice by code."""

    tax_code: str
    supplier_invoice_tax_counter: str
    document_currency: Filled | None = None
    tax_amount: Money | None = None
    tax_base_amount_in_trans_crcy: Money | None = None
    tax_country: Filled | None = None
    tax_jurisdiction: Filled | None = None


class SupplierInvoiceTaxes(msgspec.Struct):
    """Taxes that came with a supplier invoice."""

    results: list[SupplierInvoiceTax] = []


class SupplierInvoice(SapRecord):
    """An invoice or credit memo of a supplier. Amounts are positive; ``supplier_invoice_is_credit_memo`` says which it is."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "BPBankAccountInternalID StateCentralBankPaymentReason SupplyingCountry PaymentMethodSupplement FixedCashDiscount "
        "UnplannedDeliveryCostTaxCode UnplndDelivCostTaxJurisdiction UnplndDeliveryCostTaxCountry TaxIsCalculatedAutomatically "
        "BusinessPlace BusinessSectionCode BusinessArea SuplrInvcIsCapitalGoodsRelated PaytSlipWthRefSubscriber "
        "PaytSlipWthRefCheckDigit PaytSlipWthRefReference TaxFulfillmentDate DeliveryOfGoodsReportingCntry IsEUTriangularDeal "
        "SuplrInvcDebitCrdtCodeDelivery SuplrInvcDebitCrdtCodeReturns RetentionDueDate IN_GSTPartner IN_GSTPlaceOfSupply "
        "IN_InvoiceReferenceNumber JrnlEntryCntrySpecificRef1 JrnlEntryCntrySpecificDate1 JrnlEntryCntrySpecificRef2 "
        "JrnlEntryCntrySpecificDate2 JrnlEntryCntrySpecificRef3 JrnlEntryCntrySpecificDate3 JrnlEntryCntrySpecificRef4 "
        "JrnlEntryCntrySpecificDate4 JrnlEntryCntrySpecificRef5 JrnlEntryCntrySpecificDate5 JrnlEntryCntrySpecificBP1 "
        "JrnlEntryCntrySpecificBP2 to_SelectedDeliveryNotes to_SelectedPurchaseOrders to_SelectedServiceEntrySheets "
        "to_SuplrInvoiceAdditionalData to_SupplierInvoiceWhldgTax"
    )

    supplier_invoice: str
    fiscal_year: str
    company_code: Filled | None = None
    document_date: Day | None = None
    posting_date: Day | None = None
    creation_date: Day | None = None
    supplier_invoice_id_by_invcg_party: Filled | None = None
    invoicing_party: Filled | None = None
    document_currency: Filled | None = None
    invoice_gross_amount: Money | None = None
    unplanned_delivery_cost: Money | None = None
    manual_cash_discount: Money | None = None
    document_header_text: Filled | None = None
    accounting_document_type: Filled | None = None
    supplier_invoice_status: Filled | None = None
    supplier_invoice_is_credit_memo: Filled | None = None
    supplier_invoice_origin: Filled | None = None
    is_reversal: bool | None = None
    is_reversed: bool | None = None
    reverse_document: Filled | None = None
    reverse_document_fiscal_year: Filled | None = None
    payment_terms: Filled | None = None
    due_calculation_base_date: Day | None = None
    net_payment_days: Money | None = None
    cash_discount1_days: Money | None = None
    cash_discount1_percent: Money | None = None
    cash_discount2_days: Money | None = None
    cash_discount2_percent: Money | None = None
    payment_method: Filled | None = None
    payment_blocking_reason: Filled | None = None
    payment_reference: Filled | None = None
    invoice_reference: Filled | None = None
    invoice_reference_fiscal_year: Filled | None = None
    assignment_reference: Filled | None = None
    supplier_posting_line_item_text: Filled | None = None
    direct_quoted_exchange_rate: Money | None = None
    indirect_quoted_exchange_rate: Money | None = None
    tax_determination_date: Day | None = None
    tax_reporting_date: Day | None = None
    invoice_receipt_date: Day | None = None
    supplier_vat_registration: Filled | None = None
    gl_items: SupplierInvoiceGlItems | None = msgspec.field(name="to_SupplierInvoiceItemGLAcct", default=None)
    order_items: SupplierInvoiceOrderItems | None = msgspec.field(name="to_SuplrInvcItemPurOrdRef", default=None)
    taxes: SupplierInvoiceTaxes | None = msgspec.field(name="to_SupplierInvoiceTax", default=None)


class PlanEntry(SapRecord):
    """A planned amount; credits are negative, as in the ledger."""

    planning_category: str
    company_code: str
    ledger_fiscal_year: str
    fiscal_period: str
    ledger: Filled | None = None
    fiscal_year_period: Filled | None = None
    fiscal_year_variant: Filled | None = None
    chart_of_accounts: Filled | None = None
    gl_account: Filled | None = None
    controlling_area: Filled | None = None
    cost_center: Filled | None = None
    profit_center: Filled | None = None
    functional_area: Filled | None = None
    segment: Filled | None = None
    business_area: Filled | None = None
    partner_company: Filled | None = None
    order_id: Filled | None = None
    wbs_element: Filled | None = None
    project: Filled | None = None
    customer: Filled | None = None
    sold_material: Filled | None = None
    material_group: Filled | None = None
    sales_organization: Filled | None = None
    distribution_channel: Filled | None = None
    controlling_debit_credit_code: Filled | None = None
    transaction_currency: Filled | None = None
    amount_in_transaction_currency: Money | None = None
    company_code_currency: Filled | None = None
    amount_in_company_code_currency: Money | None = None
    global_currency: Filled | None = None
    amount_in_global_currency: Money | None = None


class PlanPeriod(SapRecord):
    """What is planned for one period in one category: ``entries`` says of how many amounts it consists now, none if it was withdrawn."""

    planning_category: str
    company_code: str
    ledger_fiscal_year: str
    fiscal_period: str
    entries: int
    rows: list[PlanEntry]


_INVOICE = {"supplier_invoice": TEXT, "fiscal_year": TEXT}
_PERIOD = ("planning_category", "company_code", "ledger_fiscal_year", "fiscal_period")

BILLING_DOCUMENTS = Listing(
    Endpoint(
        "billing_documents",
        BillingDocument,
        (
            Table("billing_documents", BillingDocument, ("billing_document",), "Invoices, credit memos and their cancellations."),
            Table(
                "billing_document_items",
                BillingDocumentItem,
                ("billing_document", "billing_document_item"),
                "Items of billing documents, in the document's currency.",
                within={"billing_document": TEXT},
                rows=lambda d: [(item, d.billing_document) for item in (d.to_item.results if d.to_item else ())],
                replace=("billing_document",),
            ),
        ),
        lambda d: str(d.billing_document),
        lambda d: d.last_change_date_time or "",
    ),
    ("API_BILLING_DOCUMENT_SRV/A_BillingDocument",),
    ("BillingDocument",),
    "changes",
    expand=("to_Item",),
)
SUPPLIER_INVOICES = Listing(
    Endpoint(
        "supplier_invoices",
        SupplierInvoice,
        (
            Table(
                "supplier_invoices",
                SupplierInvoice,
                ("supplier_invoice", "fiscal_year"),
                "Supplier invoices and credit memos, parked and reversed ones too.",
            ),
            Table(
                "supplier_invoice_gl_items",
                SupplierInvoiceGlItem,
                ("supplier_invoice", "fiscal_year", "supplier_invoice_item"),
                "Lines of supplier invoices that were assigned to an account.",
                within=_INVOICE,
                rows=lambda d: [(item, d.supplier_invoice, d.fiscal_year) for item in (d.gl_items.results if d.gl_items else ())],
                replace=("supplier_invoice", "fiscal_year"),
            ),
            Table(
                "supplier_invoice_order_items",
                SupplierInvoiceOrderItem,
                ("supplier_invoice", "fiscal_year", "supplier_invoice_item"),
                "Lines of supplier invoices that refer to a purchase order.",
                within=_INVOICE,
                rows=lambda d: [
                    (item, d.supplier_invoice, d.fiscal_year) for item in (d.order_items.results if d.order_items else ())
                ],
                replace=("supplier_invoice", "fiscal_year"),
            ),
            Table(
                "supplier_invoice_taxes",
                SupplierInvoiceTax,
                ("supplier_invoice", "fiscal_year", "tax_code", "supplier_invoice_tax_counter"),
                "Taxes of supplier invoices by code.",
                within=_INVOICE,
                rows=lambda d: [(tax, d.supplier_invoice, d.fiscal_year) for tax in (d.taxes.results if d.taxes else ())],
                replace=("supplier_invoice", "fiscal_year"),
            ),
        ),
        lambda d: f"{d.supplier_invoice}|{d.fiscal_year}",
    ),
    ("API_SUPPLIERINVOICE_PROCESS_SRV/A_SupplierInvoice",),
    ("SupplierInvoice", "FiscalYear"),
    "rescanned",
    expand=("to_SupplierInvoiceItemGLAcct", "to_SuplrInvcItemPurOrdRef", "to_SupplierInvoiceTax"),
)
PLANS = Listing(
    Endpoint(
        "plans",
        PlanPeriod,
        (
            Table("plan_periods", PlanPeriod, _PERIOD, "What is planned for a period in a category; entries 0: withdrawn."),
            Table(
                "plan_entries",
                PlanEntry,
                (*_PERIOD, "position"),
                "Planned amounts by account and dimensions, credits negative. Count only those whose period has entries.",
                within={"position": COUNT},
                rows=lambda d: [(entry, position) for position, entry in enumerate(d.rows, 1)],
                replace=_PERIOD,
            ),
        ),
        lambda d: f"{d.planning_category}|{d.company_code}|{d.ledger_fiscal_year}|{d.fiscal_period}",
    ),
    ("API_FINPLANNINGENTRYITEM_SRV/A_FinPlanningEntryItem",),
    ("PlanningCategory", "CompanyCode", "LedgerFiscalYear", "FiscalPeriod", "GLAccount", "CostCenter"),
    "slices",
)

LISTINGS = (BILLING_DOCUMENTS, SUPPLIER_INVOICES, PLANS)
