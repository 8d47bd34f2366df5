"""The documents of Payables and Receivables, as Oracle Fusion sends them. Amounts are in the document's currency unless told."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from dlt_sources.oracle_fusion.records import Children, Tracked, within
from dlt_sources.records import COUNT, Day, Digits, Money, Table, YesNo, names
from dlt_sources.records.intake import Endpoint


def _children(name: str) -> Any:
    return msgspec.field(name=name, default=None)


class InvoiceDistribution(Tracked, kw_only=True):
    """The account that part of an invoice line goes to; a correction reverses one and adds another."""

    invoice_distribution_id: int
    distribution_line_number: int | None = None
    distribution_line_type: str | None = None
    distribution_amount: Money | None = None
    base_amount: Money | None = None
    description: str | None = None
    accounting_date: Day | None = None
    accounting_status: str | None = None
    distribution_combination: str | None = None
    code_combination_id: int | None = None
    canceled_flag: YesNo | None = None
    reversed_flag: YesNo | None = None
    tax_name: str | None = None
    tax_rate: str | None = None
    asset_book: str | None = None


class InvoiceLine(Tracked, kw_only=True):
    """A line of a supplier's invoice; taxes are lines of their own."""

    line_number: int
    line_type: str | None = None
    line_amount: Money | None = None
    base_amount: Money | None = None
    description: str | None = None
    quantity: Digits | None = None
    unit_price: Digits | None = None
    accounting_date: Day | None = None
    tax_classification: str | None = None
    tax_rate_code: str | None = None
    distribution_combination: str | None = None
    purchase_order_number: str | None = None
    item: str | None = None
    canceled_flag: YesNo | None = None
    discarded_flag: YesNo | None = None
    invoice_distributions: Children[InvoiceDistribution] | list[InvoiceDistribution] | None = _children("invoiceDistributions")


class InvoiceInstallment(Tracked, kw_only=True):
    """What is due when, and what of it is unpaid."""

    installment_number: int
    due_date: Day | None = None
    gross_amount: Money | None = None
    unpaid_amount: Money | None = None
    payment_method: str | None = None
    payment_priority: int | None = None
    hold_flag: YesNo | None = None
    hold_reason: str | None = None


class Invoice(Tracked, kw_only=True):
    """An invoice or credit memo of a supplier (negative); a cancelled one has amounts of zero and its flag."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links attachments appliedPrepayments availablePrepayments invoiceDff invoiceGdf PayGroup PaymentReasonCode "
        "PaymentReason PaymentReasonComments RemittanceMessageOne RemittanceMessageTwo RemittanceMessageThree "
        "WithholdingTaxGroup DocumentCategory DocumentSequence ControlAmount BudgetDate FundsStatus "
        "FirstPartyTaxRegistrationId FirstPartyTaxRegistrationNumber SupplierTaxRegistrationNumber DeliveryChannelCode "
        "DeliveryChannel BankChargeBearer SettlementPriority CorrectionYear CorrectionPeriod ImageDocumentNumber "
        "PayAloneFlag InternationalBankAccountNumber PartyId RequesterId Requester RoutingAttribute1 RoutingAttribute2 "
        "RoutingAttribute3 RoutingAttribute4 RoutingAttribute5 AccountCodingStatus UniqueRemittanceIdentifier "
        "UniqueRemittanceIdentifierCheckDigit RemitToSupplier RemitToSupplierNumber RemitToSupplierAddress "
        "AmountApplicableToDiscount TaxControlAmount TaxationCountry DocumentFiscalClassificationCodePath ReferenceKeyOne "
        "ReferenceKeyTwo ReferenceKeyThree ReferenceKeyFour ReferenceKeyFive ProductTable IntercompanyFlag "
        "DocumentSubtype InvoiceGroup GoodsReceivedDate CheckVATAmountPaid PrepaymentApplicationDoc ExternalBankAccountId"
    )

    invoice_id: int
    invoice_number: str | None = None
    voucher_number: str | None = None
    invoice_type: str | None = None
    invoice_source: str | None = None
    invoice_currency: str | None = None
    payment_currency: str | None = None
    invoice_amount: Money | None = None
    base_amount: Money | None = None
    amount_paid: Money | None = None
    invoice_date: Day | None = None
    accounting_date: Day | None = None
    terms_date: Day | None = None
    payment_terms: str | None = None
    payment_method: str | None = None
    business_unit: str | None = None
    legal_entity: str | None = None
    supplier: str | None = None
    supplier_number: str | None = None
    supplier_id: int | None = None
    supplier_site: str | None = None
    party: str | None = None
    description: str | None = None
    validation_status: str | None = None
    approval_status: str | None = None
    paid_status: str | None = None
    accounting_status: str | None = None
    liability_distribution: str | None = None
    conversion_rate: Digits | None = None
    conversion_date: Day | None = None
    conversion_rate_type: str | None = None
    canceled_flag: YesNo | None = None
    canceled_date: Day | None = None
    canceled_by: str | None = None
    purchase_order_number: str | None = None
    invoice_lines: Children[InvoiceLine] | list[InvoiceLine] | None = _children("invoiceLines")
    invoice_installments: Children[InvoiceInstallment] | list[InvoiceInstallment] | None = _children("invoiceInstallments")


class RelatedInvoice(Tracked, kw_only=True):
    """An invoice that a payment paid."""

    invoice_payment_id: int
    invoice_id: int | None = None
    invoice_number: str | None = None
    installment_number: int | None = None
    amount_paid_payment_currency: Money | None = None
    amount_paid_invoice_currency: Money | None = None
    invoice_amount: Money | None = None
    invoice_currency: str | None = None
    invoice_payment_status: str | None = None
    payment_base_amount: Money | None = None
    invoice_base_amount: Money | None = None
    discount_taken: Money | None = None


class Payment(Tracked, kw_only=True):
    """A payment of Payables, a customer's refund too; a voided one has its status and date."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links PaymentReference PaymentProcessRequest PaymentDocument PaymentProcessProfile PaperDocumentNumber "
        "ThirdPartySupplier ThirdPartyAddress RemitToAccountNumber RemitToAddressName RemitToSupplier PayeeAddress "
        "Address City State Zip Country StopDate StopReason StopReference ReleaseDate VoidAccountingDate VoucherNumber "
        "DocumentCategory DocumentSequence DocumentSequenceName SeparateRemittanceAdviceCreated PaymentFileReference "
        "WithheldAmount BankChargeAmount MaturityDate ClearingAmount ClearingLedgerAmount ClearingValueDate "
        "ClearingConversionRate ClearingConversionDate ClearingConversionRateType CrossCurrencyRateType "
        "PaymentFunctionCode payablesPaymentDff payablesPaymentGdf AnticipatedValueDate CompanyFlag"
    )

    check_id: int
    payment_id: int | None = None
    payment_number: int | None = None
    payment_date: Day | None = None
    accounting_date: Day | None = None
    payment_amount: Money | None = None
    payment_base_amount: Money | None = None
    payment_currency: str | None = None
    conversion_rate: Digits | None = None
    conversion_rate_type: str | None = None
    conversion_date: Day | None = None
    payment_status: str | None = None
    payment_type: str | None = None
    payment_method: str | None = None
    payment_description: str | None = None
    payee: str | None = None
    payee_site: str | None = None
    supplier_number: str | None = None
    disbursement_bank_account_name: str | None = None
    cash_account_combination: str | None = None
    business_unit: str | None = None
    legal_entity: str | None = None
    clearing_date: Day | None = None
    reconciled_flag: YesNo | None = None
    void_date: Day | None = None
    related_invoices: Children[RelatedInvoice] | list[RelatedInvoice] | None = _children("relatedInvoices")


class ReceivablesLine(Tracked, kw_only=True):
    """A line of an invoice to a customer; the rule's dates are those of the service."""

    customer_transaction_line_id: int
    line_number: Money | None = None
    description: str | None = None
    item_number: str | None = None
    memo_line: str | None = None
    line_amount: Money | None = None
    quantity: Digits | None = None
    unit_selling_price: Digits | None = None
    unit_of_measure: str | None = None
    accounting_rule: str | None = None
    rule_start_date: Day | None = None
    rule_end_date: Day | None = None
    tax_classification_code: str | None = None


class ReceivablesDistribution(Tracked, kw_only=True):
    """An account that an invoice goes to; accounted_amount is in the ledger's currency."""

    distribution_id: int
    account_class: str | None = None
    account_combination: str | None = None
    code_combination_id: int | None = None
    accounted_amount: Money | None = None
    amount: Money | None = None
    invoice_line_number: int | None = None
    detailed_tax_line_number: int | None = None
    percent: Digits | None = None
    comments: str | None = None


class ReceivablesInstallment(Tracked, kw_only=True):
    """What a customer owes when, and what of it is open."""

    installment_id: int
    installment_sequence_number: int | None = None
    installment_due_date: Day | None = None
    original_amount: Money | None = None
    installment_balance_due: Money | None = None
    accounted_balance_due: Money | None = None
    amount_paid: Money | None = None
    installment_amount_credited: Money | None = None
    installment_amount_adjusted: Money | None = None
    installment_status: str | None = None


class _ToCustomer(Tracked):
    """What invoices and credit memos share."""

    transaction_number: str | None = None
    transaction_date: Day | None = None
    transaction_type: str | None = None
    transaction_source: str | None = None
    entered_amount: Money | None = None
    accounting_date: Day | None = None
    bill_to_customer_name: str | None = None
    bill_to_customer_number: str | None = None
    bill_to_site: str | None = None
    business_unit: str | None = None
    conversion_rate: Digits | None = None
    conversion_rate_type: str | None = None


class ReceivablesInvoice(_ToCustomer, kw_only=True):
    """An invoice to a customer. It cannot be voided: a wrong one is credited in full."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links DocumentNumber CrossReference LegalEntityIdentifierType BillToPartyId BillToContact BillingDate "
        "ShipToCustomerName ShipToCustomerNumber ShipToSite ShipToContact SoldToPartyNumber PayingCustomerName "
        "PayingCustomerAccount PayingCustomerSite SpecialInstructions ThirdPartyTaxRegistration FirstPartyRegistration "
        "IntercompanyFlag DefaultTaxationCountry DocumentFiscalClassification PrintOption GenerateBill ReceiptMethod "
        "BankAccountNumber CreditCardAuthorizationRequestIdentifier SalesPersonNumber StructuredPaymentReference "
        "InvoicePrinted LastPrintDate OriginalPrintDate DeliveryMethod Email AllowCompletion ControlCompletionReason "
        "FreightAmount Carrier ShipDate ShippingReference PurchaseOrderDate PurchaseOrderRevision RemitToAddress "
        "FreeOnBoardPoint InternalNotes receivablesInvoiceDFF receivablesInvoiceGdf receivablesInvoiceTransactionDFF "
        "receivablesInvoiceNotes"
    )

    customer_transaction_id: int
    invoice_currency_code: str | None = None
    invoice_balance_amount: Money | None = None
    invoice_status: str | None = None
    due_date: Day | None = None
    conversion_date: Day | None = None
    payment_terms: str | None = None
    purchase_order: str | None = None
    legal_entity_identifier: str | None = None
    comments: str | None = None
    receivables_invoice_lines: Children[ReceivablesLine] | list[ReceivablesLine] | None = _children("receivablesInvoiceLines")
    receivables_invoice_distributions: Children[ReceivablesDistribution] | list[ReceivablesDistribution] | None = _children(
        "receivablesInvoiceDistributions"
    )
    receivables_invoice_installments: Children[ReceivablesInstallment] | list[ReceivablesInstallment] | None = _children(
        "receivablesInvoiceInstallments"
    )


class CreditMemoLine(Tracked, kw_only=True):
    """A line of a credit memo; amounts are negative."""

    customer_transaction_line_id: int
    line_number: Money | None = None
    line_description: str | None = None
    item_number: str | None = None
    line_amount_credit: Money | None = None
    line_quantity_credit: Digits | None = None
    unit_selling_price: Digits | None = None
    tax_classification_code: str | None = None


class CreditMemo(_ToCustomer, kw_only=True):
    """A credit memo to a customer; amounts are negative, the comments name the invoice that it reduces."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links DocumentNumber FreightCreditAmount CrossReference ConversionRateDate ShipToCustomerName "
        "ShipToCustomerNumber ShipToSite RecipientEmail AllowCompletion ControlCompletionReason LegalEntityIdentifier "
        "SpecialInstructions PurchaseOrder receivablesCreditMemoDistributions"
    )

    customer_transaction_id: int
    credit_memo_currency: str | None = None
    transaction_balance_due: Money | None = None
    credit_memo_status: str | None = None
    credit_reason: str | None = None
    credit_memo_comments: str | None = None
    receivables_credit_memo_lines: Children[CreditMemoLine] | list[CreditMemoLine] | None = _children("receivablesCreditMemoLines")


class RemittanceReference(Tracked, kw_only=True):
    """What a customer says that a receipt is for."""

    remittance_reference_id: int
    receipt_match_by: str | None = None
    reference_number: str | None = None
    reference_amount: Money | None = None


class StandardReceipt(Tracked, kw_only=True):
    """Money received from a customer; a reversed one has its state and date."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links AnticipatedValueDate BankChargeAmount CustomerBank CustomerBankBranch CustomerBankAccountNumber "
        "DocumentNumber MaturityDate PostmarkDate PaymentServerOrderNumber RemittanceBankName RemittanceBankBranch "
        "RemittanceBankDepositDate RemittanceBankAllowOverride ReversalCategory ReversalComments "
        "StructuredPaymentReference AuthorizationRequestIdentifier CreditCardTokenNumber ReceiptAtRisk ReceiptBatchName "
        "TaxpayerIdentificationNumber standardReceiptDFF standardReceiptGdf attachments"
    )

    standard_receipt_id: int
    receipt_number: str | None = None
    receipt_date: Day | None = None
    accounting_date: Day | None = None
    amount: Money | None = None
    accounted_amount: Money | None = None
    unapplied_amount: Money | None = None
    currency: str | None = None
    conversion_rate: Digits | None = None
    conversion_rate_type: str | None = None
    conversion_date: Day | None = None
    status: str | None = None
    state: str | None = None
    customer_name: str | None = None
    customer_account_number: str | None = None
    customer_site: str | None = None
    receipt_method: str | None = None
    remittance_bank_account_number: str | None = None
    business_unit: str | None = None
    legal_entity: str | None = None
    reversal_date: Day | None = None
    reversal_reason: str | None = None
    comments: str | None = None
    remittance_references: Children[RemittanceReference] | list[RemittanceReference] | None = _children("remittanceReferences")


class SupplierAddress(Tracked, kw_only=True):
    """An address of a supplier."""

    supplier_address_id: int
    address_name: str | None = None
    country_code: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    address_line1: str | None = None
    email: str | None = None
    status: str | None = None


class Supplier(Tracked, kw_only=True):
    """A supplier."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links SupplierPartyId TaxOrganizationTypeCode TaxOrganizationType BusinessRelationshipCode BusinessRelationship "
        "CreationSourceCode CreationSource DataFoxScore DataFoxId DataFoxCompanyName ParentSupplierId ParentSupplier "
        "ParentSupplierNumber AlternateName DUNSNumber OneTimeSupplierFlag CustomerNumber RegistryId "
        "StandardIndustryClass NationalInsuranceNumber CorporateWebsite YearEstablished MissionStatement YearIncorporated "
        "ChiefExecutiveTitle ChiefExecutiveName PrincipalTitle PrincipalName FiscalYearEndMonthCode "
        "CurrentFiscalYearPotentialRevenue PreferredFunctionalCurrency TaxRegistrationCountryCode TaxRegistrationCountry "
        "TaxpayerCountryCode TaxpayerCountry UseWithholdingTaxFlag WithholdingTaxGroup FederalReportableFlag "
        "FederalIncomeTaxType StateReportableFlag TaxReportingName NameControl VerificationDate "
        "BusinessClassificationNotApplicableFlag addressesDFF attachments contacts sites businessClassifications "
        "globalDFF DFF productsAndServices bankAccounts SpendAuthorizedBy"
    )

    supplier_id: int
    supplier: str | None = None
    supplier_number: str | None = None
    supplier_type: str | None = None
    status: str | None = None
    taxpayer_id: str | None = None
    tax_registration_number: str | None = None
    inactive_date: Day | None = None
    addresses: Children[SupplierAddress] | list[SupplierAddress] | None = _children("addresses")


def _part(name: str, record: Any, key: tuple[str, ...], description: str, owner: str, children: str, **around: Any) -> Table:
    """A table of the children of a document, replaced together with it."""
    return Table(
        name,
        record,
        key,
        description,
        within={owner: COUNT},
        rows=lambda d: [(child, getattr(d, owner)) for child in within(getattr(d, children))],
        replace=(owner,),
        **around,
    )


INVOICES = Endpoint(
    "invoices",
    Invoice,
    (
        Table("invoices", Invoice, ("invoice_id",), "Invoices and credit memos of suppliers, cancelled ones too."),
        _part(
            "invoice_lines",
            InvoiceLine,
            ("invoice_id", "line_number"),
            "Lines of suppliers' invoices.",
            "invoice_id",
            "invoice_lines",
        ),
        Table(
            "invoice_distributions",
            InvoiceDistribution,
            ("invoice_distribution_id",),
            "Accounts that the lines of suppliers' invoices go to, reversals too.",
            within={"invoice_id": COUNT, "line_number": COUNT},
            rows=lambda d: [
                (distribution, d.invoice_id, line.line_number)
                for line in within(d.invoice_lines)
                for distribution in within(line.invoice_distributions)
            ],
            replace=("invoice_id",),
        ),
        _part(
            "invoice_installments",
            InvoiceInstallment,
            ("invoice_id", "installment_number"),
            "Due dates and unpaid amounts of suppliers' invoices.",
            "invoice_id",
            "invoice_installments",
        ),
    ),
    lambda d: str(d.invoice_id),
    lambda d: d.last_update_date or "",
)
PAYMENTS = Endpoint(
    "payments",
    Payment,
    (
        Table("payments", Payment, ("check_id",), "Payments of Payables, voided ones too."),
        _part(
            "payment_invoices",
            RelatedInvoice,
            ("invoice_payment_id",),
            "Invoices that payments paid.",
            "check_id",
            "related_invoices",
        ),
    ),
    lambda d: str(d.check_id),
    lambda d: d.last_update_date or "",
)
RECEIVABLES_INVOICES = Endpoint(
    "receivables_invoices",
    ReceivablesInvoice,
    (
        Table("receivables_invoices", ReceivablesInvoice, ("customer_transaction_id",), "Invoices to customers."),
        _part(
            "receivables_invoice_lines",
            ReceivablesLine,
            ("customer_transaction_line_id",),
            "Lines of invoices to customers.",
            "customer_transaction_id",
            "receivables_invoice_lines",
        ),
        _part(
            "receivables_invoice_distributions",
            ReceivablesDistribution,
            ("distribution_id",),
            "Accounts that invoices to customers go to.",
            "customer_transaction_id",
            "receivables_invoice_distributions",
        ),
        _part(
            "receivables_invoice_installments",
            ReceivablesInstallment,
            ("installment_id",),
            "Due dates and open amounts of invoices to customers.",
            "customer_transaction_id",
            "receivables_invoice_installments",
        ),
    ),
    lambda d: str(d.customer_transaction_id),
    lambda d: d.last_update_date or "",
)
CREDIT_MEMOS = Endpoint(
    "receivables_credit_memos",
    CreditMemo,
    (
        Table("receivables_credit_memos", CreditMemo, ("customer_transaction_id",), "Credit memos to customers."),
        _part(
            "receivables_credit_memo_lines",
            CreditMemoLine,
            ("customer_transaction_line_id",),
            "Lines of credit memos to customers.",
            "customer_transaction_id",
            "receivables_credit_memo_lines",
        ),
    ),
    lambda d: str(d.customer_transaction_id),
    lambda d: d.last_update_date or "",
)
STANDARD_RECEIPTS = Endpoint(
    "standard_receipts",
    StandardReceipt,
    (
        Table("standard_receipts", StandardReceipt, ("standard_receipt_id",), "Receipts from customers, reversed ones too."),
        _part(
            "receipt_references",
            RemittanceReference,
            ("remittance_reference_id",),
            "Invoices that receipts are for.",
            "standard_receipt_id",
            "remittance_references",
        ),
    ),
    lambda d: str(d.standard_receipt_id),
    lambda d: d.last_update_date or "",
)
SUPPLIERS = Endpoint(
    "suppliers",
    Supplier,
    (
        Table("suppliers", Supplier, ("supplier_id",), "Suppliers, inactive ones too."),
        _part(
            "supplier_addresses", SupplierAddress, ("supplier_address_id",), "Addresses of suppliers.", "supplier_id", "addresses"
        ),
    ),
    lambda d: str(d.supplier_id),
    lambda d: d.last_update_date or "",
)
