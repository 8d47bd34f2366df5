"""What SAP sends of business partners, customers and suppliers."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from dlt_sources.records import COUNT, TEXT, ClockTime, Day, Filled, Instant, Table, names
from dlt_sources.records.intake import Endpoint
from dlt_sources.sap.wire import KNOWN, Listing, SapRecord


class EmailAddress(SapRecord):
    """An e-mail address."""

    person: str
    ordinal_number: str
    is_default_email_address: bool | None = None
    email_address: Filled | None = None


class EmailAddresses(msgspec.Struct):
    """E-mail addresses that came with an address."""

    results: list[EmailAddress] = []


class Address(SapRecord):
    """An address of a business partner."""

    address_id: str
    validity_start_date: Instant | None = None
    validity_end_date: Instant | None = None
    full_name: Filled | None = None
    street_name: Filled | None = None
    house_number: Filled | None = None
    city_name: Filled | None = None
    district: Filled | None = None
    postal_code: Filled | None = None
    region: Filled | None = None
    country: Filled | None = None
    po_box: Filled | None = None
    language: Filled | None = None
    to_email_address: EmailAddresses | None = None


class Addresses(msgspec.Struct):
    """Addresses that came with a partner."""

    results: list[Address] = []


class TaxNumber(SapRecord):
    """A tax number of a business partner."""

    bp_tax_type: str
    bp_tax_number: Filled | None = None
    bp_tax_long_number: Filled | None = None


class TaxNumbers(msgspec.Struct):
    """Tax numbers that came with a partner."""

    results: list[TaxNumber] = []


class BusinessPartner(SapRecord):
    """A person or an organisation that the company deals with."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "AcademicTitle AuthorizationGroup FormOfAddress InternationalLocationNumber1 InternationalLocationNumber2 IsFemale "
        "IsMale IsNaturalPerson IsSexUnknown GenderCodeName OrganizationBPName3 OrganizationBPName4 OrganizationFoundationDate "
        "OrganizationLiquidationDate AdditionalLastName BirthDate BusinessPartnerBirthDateStatus BusinessPartnerBirthplaceName "
        "BusinessPartnerDeathDate ETag GroupBusinessPartnerName1 GroupBusinessPartnerName2 IndependentAddressID "
        "InternationalLocationNumber3 MiddleName NameCountry NameFormat PersonFullName PersonNumber to_BuPaIdentification "
        "to_BuPaIndustry to_BusinessPartnerBank to_BusinessPartnerContact to_BusinessPartnerRole to_Customer to_Supplier"
    )

    business_partner: str
    customer: Filled | None = None
    supplier: Filled | None = None
    business_partner_category: Filled | None = None
    business_partner_grouping: Filled | None = None
    business_partner_type: Filled | None = None
    business_partner_full_name: Filled | None = None
    business_partner_name: Filled | None = None
    business_partner_uuid: Filled | None = None
    organization_bp_name1: Filled | None = None
    organization_bp_name2: Filled | None = None
    first_name: Filled | None = None
    last_name: Filled | None = None
    search_term1: Filled | None = None
    search_term2: Filled | None = None
    industry: Filled | None = None
    legal_form: Filled | None = None
    language: Filled | None = None
    correspondence_language: Filled | None = None
    trading_partner: Filled | None = None
    business_partner_id_by_ext_system: Filled | None = None
    business_partner_is_blocked: bool | None = None
    is_marked_for_archiving: bool | None = None
    creation_date: Day | None = None
    creation_time: ClockTime | None = None
    created_by_user: Filled | None = None
    last_change_date: Day | None = None
    last_change_time: ClockTime | None = None
    last_changed_by_user: Filled | None = None
    to_business_partner_address: Addresses | None = None
    to_business_partner_tax: TaxNumbers | None = None


class Customer(SapRecord):
    """What all company codes share of a customer."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "AuthorizationGroup DeliveryIsBlocked NFPartnerIsNaturalPerson FiscalAddress IndustryCode1 IndustryCode2 IndustryCode3 "
        "IndustryCode4 IndustryCode5 InternationalLocationNumber1 NielsenRegion ResponsibleType TaxNumber3 TaxNumber4 "
        "TaxNumber5 TaxNumberType ExpressTrainStationName TrainStationName CityCode County to_CustomerCompany "
        "to_CustomerSalesArea to_CustomerTaxGrouping to_CustomerText to_CustomerUnloadingPoint"
    )

    customer: str
    customer_name: Filled | None = None
    customer_full_name: Filled | None = None
    customer_account_group: Filled | None = None
    customer_classification: Filled | None = None
    customer_corporate_group: Filled | None = None
    industry: Filled | None = None
    supplier: Filled | None = None
    vat_registration: Filled | None = None
    tax_number1: Filled | None = None
    tax_number2: Filled | None = None
    creation_date: Day | None = None
    created_by_user: Filled | None = None
    deletion_indicator: bool | None = None
    posting_is_blocked: bool | None = None
    order_is_blocked_for_customer: Filled | None = None
    billing_is_blocked_for_customer: Filled | None = None


class CustomerCompany(SapRecord):
    """What one company code keeps of a customer."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "APARToleranceGroup AccountByCustomer AccountingClerk AccountingClerkFaxNumber AccountingClerkInternetAddress "
        "AccountingClerkPhoneNumber AuthorizationGroup CollectiveInvoiceVariant CustomerAccountNote "
        "CustomerSupplierClearingIsUsed HouseBank InterestCalculationCode InterestCalculationDate IntrstCalcFrequencyInMonths "
        "IsToBeLocallyProcessed ItemIsToBePaidSeparately LayoutSortingRule PaytAdviceIsSentbyEDI PhysicalInventoryBlockInd "
        "RecordPaymentHistoryIndicator UserAtCustomer KnownOrNegotiatedLeave ValueAdjustmentKey to_CompanyText "
        "to_CustomerDunning to_WithHoldingTax"
    )

    customer: str
    company_code: str
    reconciliation_account: Filled | None = None
    payment_terms: Filled | None = None
    payment_methods_list: Filled | None = None
    payment_blocking_reason: Filled | None = None
    alternative_payer_account: Filled | None = None
    customer_head_office: Filled | None = None
    customer_account_group: Filled | None = None
    cash_planning_group: Filled | None = None
    deletion_indicator: bool | None = None


class Supplier(SapRecord):
    """What all company codes share of a supplier."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "AlternativePayeeAccountNumber AuthorizationGroup BirthDate ConcatenatedInternationalLocNo FiscalAddress "
        "InternationalLocationNumber1 InternationalLocationNumber2 InternationalLocationNumber3 IsNaturalPerson ResponsibleType "
        "SuplrQltyInProcmtCertfnValidTo SuplrQualityManagementSystem SupplierProcurementBlock TaxNumber3 TaxNumber4 TaxNumber5 "
        "TaxNumberResponsible TaxNumberType SuplrProofOfDelivRlvtCode BR_TaxIsSplit to_SupplierCompany to_SupplierPurchasingOrg "
        "to_SupplierText"
    )

    supplier: str
    supplier_name: Filled | None = None
    supplier_full_name: Filled | None = None
    supplier_account_group: Filled | None = None
    supplier_corporate_group: Filled | None = None
    industry: Filled | None = None
    customer: Filled | None = None
    vat_registration: Filled | None = None
    tax_number1: Filled | None = None
    tax_number2: Filled | None = None
    creation_date: Day | None = None
    created_by_user: Filled | None = None
    deletion_indicator: bool | None = None
    posting_is_blocked: bool | None = None
    payment_is_blocked_for_supplier: bool | None = None
    purchasing_is_blocked: bool | None = None


class SupplierCompany(SapRecord):
    """What one company code keeps of a supplier."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "AuthorizationGroup AccountingClerk AccountingClerkFaxNumber AccountingClerkPhoneNumber SupplierClerk SupplierClerkURL "
        "ClearCustomerSupplier IsToBeLocallyProcessed ItemIsToBePaidSeparately PaymentIsToBeSentByEDI HouseBank "
        "CheckPaidDurationInDays BillOfExchLmtAmtInCoCodeCrcy SupplierClerkIDBySupplier InterestCalculationCode "
        "InterestCalculationDate IntrstCalcFrequencyInMonths SupplierHeadOffice LayoutSortingRule APARToleranceGroup "
        "SupplierCertificationDate SupplierAccountNote WithholdingTaxCountry IsToBeCheckedForDuplicates MinorityGroup "
        "to_CompanyText to_Supplier to_SupplierDunning to_SupplierWithHoldingTax"
    )

    supplier: str
    company_code: str
    company_code_name: Filled | None = None
    reconciliation_account: Filled | None = None
    payment_terms: Filled | None = None
    payment_methods_list: Filled | None = None
    payment_blocking_reason: Filled | None = None
    alternative_payee: Filled | None = None
    currency: Filled | None = None
    supplier_account_group: Filled | None = None
    supplier_is_blocked_for_posting: bool | None = None
    cash_planning_group: Filled | None = None
    deletion_indicator: bool | None = None


BUSINESS_PARTNERS = Listing(
    Endpoint(
        "business_partners",
        BusinessPartner,
        (
            Table("business_partners", BusinessPartner, ("business_partner",), "Persons and organisations, archived ones too."),
            Table(
                "business_partner_addresses",
                Address,
                ("business_partner", "address_id"),
                "Addresses of business partners.",
                within={"business_partner": TEXT},
                rows=lambda d: [(address, d.business_partner) for address in _addresses(d)],
                replace=("business_partner",),
            ),
            Table(
                "business_partner_emails",
                EmailAddress,
                ("business_partner", "address_id", "position"),
                "E-mail addresses of business partners.",
                within={"business_partner": TEXT, "address_id": TEXT, "position": COUNT},
                rows=lambda d: [
                    (email, d.business_partner, address.address_id, position)
                    for address in _addresses(d)
                    for position, email in enumerate(address.to_email_address.results if address.to_email_address else (), 1)
                ],
                replace=("business_partner",),
            ),
            Table(
                "business_partner_tax_numbers",
                TaxNumber,
                ("business_partner", "bp_tax_type"),
                "Tax numbers of business partners.",
                within={"business_partner": TEXT},
                rows=lambda d: [
                    (number, d.business_partner)
                    for number in (d.to_business_partner_tax.results if d.to_business_partner_tax else ())
                ],
                replace=("business_partner",),
            ),
        ),
        lambda d: str(d.business_partner),
    ),
    ("API_BUSINESS_PARTNER/A_BusinessPartner",),
    ("BusinessPartner",),
    expand=("to_BusinessPartnerAddress", "to_BusinessPartnerAddress/to_EmailAddress", "to_BusinessPartnerTax"),
)


def _addresses(partner: BusinessPartner) -> list[Address]:
    return partner.to_business_partner_address.results if partner.to_business_partner_address else []


CUSTOMERS = Listing(
    Endpoint(
        "customers",
        Customer,
        (Table("customers", Customer, ("customer",), "Customers, blocked and deleted ones too."),),
        lambda d: str(d.customer),
    ),
    ("API_BUSINESS_PARTNER/A_Customer",),
    ("Customer",),
)
CUSTOMER_COMPANIES = Listing(
    Endpoint(
        "customer_companies",
        CustomerCompany,
        (
            Table(
                "customer_companies",
                CustomerCompany,
                ("customer", "company_code"),
                "What a company code keeps of a customer: reconciliation account, terms.",
            ),
        ),
        lambda d: f"{d.customer}|{d.company_code}",
    ),
    ("API_BUSINESS_PARTNER/A_CustomerCompany",),
    ("Customer", "CompanyCode"),
)
SUPPLIERS = Listing(
    Endpoint(
        "suppliers",
        Supplier,
        (Table("suppliers", Supplier, ("supplier",), "Suppliers, blocked and deleted ones too."),),
        lambda d: str(d.supplier),
    ),
    ("API_BUSINESS_PARTNER/A_Supplier",),
    ("Supplier",),
)
SUPPLIER_COMPANIES = Listing(
    Endpoint(
        "supplier_companies",
        SupplierCompany,
        (
            Table(
                "supplier_companies",
                SupplierCompany,
                ("supplier", "company_code"),
                "What a company code keeps of a supplier: reconciliation account, terms.",
            ),
        ),
        lambda d: f"{d.supplier}|{d.company_code}",
    ),
    ("API_BUSINESS_PARTNER/A_SupplierCompany",),
    ("Supplier", "CompanyCode"),
)


LISTINGS = (BUSINESS_PARTNERS, CUSTOMERS, CUSTOMER_COMPANIES, SUPPLIERS, SUPPLIER_COMPANIES)
