"""The properties of each entity that a query may name: appendix of the vendor's reference, with the types that decide how values compare."""

from __future__ import annotations

from collections.abc import Mapping

TEXT, NUMBER, DAY, MOMENT, FLAG, REFERENCE = "text", "number", "day", "moment", "flag", "reference"

_COMMON = "Id SyncToken domain sparse:flag MetaData.CreateTime:moment MetaData.LastUpdatedTime:moment"
_TXN = (
    f"{_COMMON} TxnDate:day DocNumber PrivateNote CurrencyRef:reference ExchangeRate:number TotalAmt:number HomeTotalAmt:number "
    "DepartmentRef:reference GlobalTaxCalculation TransactionLocationType RecurDataRef:reference TxnSource TxnStatus"
)
_SALE = (
    f"{_TXN} CustomerRef:reference DueDate:day Balance:number HomeBalance:number ClassRef:reference EmailStatus PrintStatus "
    "SalesTermRef:reference DepositToAccountRef:reference PaymentMethodRef:reference PaymentRefNum ProjectRef:reference "
    "ApplyTaxAfterDiscount:flag ShipDate:day ShipMethodRef:reference TrackingNum TaxExemptionRef:reference"
)
_SPENDING = (
    f"{_TXN} VendorRef:reference APAccountRef:reference DueDate:day Balance:number HomeBalance:number SalesTermRef:reference "
    "IncludeInAnnualTPAR:flag"
)
_NAMED = f"{_COMMON} Name FullyQualifiedName Active:flag ParentRef:reference"
_PERSON = (
    f"{_COMMON} DisplayName CompanyName FullyQualifiedName GivenName MiddleName FamilyName Suffix Title PrintOnCheckName Active:flag "
    "CurrencyRef:reference Balance:number PrimaryEmailAddr.Address PrimaryPhone.FreeFormNumber Mobile.FreeFormNumber WebAddr.URI Source"
)

_FIELDS = {
    "Account": f"{_NAMED} AcctNum AccountType AccountSubType Classification Description CurrentBalance:number "
    "CurrentBalanceWithSubAccounts:number SubAccount:flag CurrencyRef:reference AccountAlias TxnLocationType TaxCodeRef:reference",
    "Customer": f"{_PERSON} BalanceWithJobs:number Job:flag IsProject:flag BillWithParent:flag ParentRef:reference Level:number "
    "Taxable:flag SalesTermRef:reference PaymentMethodRef:reference PreferredDeliveryMethod ResaleNum Notes ARAccountRef:reference "
    "DefaultTaxCodeRef:reference OpenBalanceDate:day",
    "Vendor": f"{_PERSON} AcctNum TaxIdentifier Vendor1099:flag TermRef:reference APAccountRef:reference BillRate:number",
    "Employee": f"{_PERSON} EmployeeNumber HiredDate:day ReleasedDate:day BillableTime:flag BillRate:number",
    "Item": f"{_NAMED} Sku Type Description UnitPrice:number PurchaseCost:number PurchaseDesc QtyOnHand:number TrackQtyOnHand:flag "
    "IncomeAccountRef:reference ExpenseAccountRef:reference AssetAccountRef:reference SubItem:flag Level:number Taxable:flag "
    "InvStartDate:day ItemCategoryType ClassRef:reference PrefVendorRef:reference ReorderPoint:number Source",
    "Class": f"{_NAMED} SubClass:flag",
    "Department": f"{_NAMED} SubDepartment:flag",
    "Term": f"{_COMMON} Name Active:flag Type DueDays:number DiscountPercent:number DiscountDays:number",
    "TaxCode": f"{_COMMON} Name Description Active:flag Taxable:flag TaxGroup:flag",
    "TaxRate": f"{_COMMON} Name Description Active:flag RateValue:number AgencyRef:reference SpecialTaxType DisplayType",
    "TaxAgency": f"{_COMMON} DisplayName TaxTrackedOnSales:flag TaxTrackedOnPurchases:flag TaxRegistrationNumber",
    "CompanyInfo": f"{_COMMON} CompanyName LegalName Country CompanyStartDate:day FiscalYearStartMonth",
    "Preferences": _COMMON,
    "CompanyCurrency": f"{_COMMON} Code Name Active:flag",
    "ExchangeRate": "SourceCurrencyCode TargetCurrencyCode Rate:number AsOfDate:day MetaData.LastUpdatedTime:moment",
    "Budget": f"{_COMMON} Name StartDate:day EndDate:day BudgetType BudgetEntryType Active:flag",
    "JournalEntry": f"{_TXN} Adjustment:flag TaxRateRef:reference JournalCodeRef:reference",
    "Invoice": f"{_SALE} Deposit:number InvoiceLink",
    "CreditMemo": f"{_SALE} RemainingCredit:number InvoiceRef:reference",
    "SalesReceipt": _SALE,
    "RefundReceipt": f"{_SALE} PaymentType",
    "Payment": f"{_TXN} CustomerRef:reference DepositToAccountRef:reference ARAccountRef:reference UnappliedAmt:number PaymentRefNum "
    "PaymentMethodRef:reference ProcessPayment:flag ProjectRef:reference",
    "Bill": _SPENDING,
    "VendorCredit": _SPENDING,
    "BillPayment": f"{_SPENDING} PayType ProcessBillPayment:flag",
    "Purchase": f"{_TXN} PaymentType AccountRef:reference EntityRef:reference Credit:flag PaymentMethodRef:reference PrintStatus "
    "IncludeInAnnualTPAR:flag",
    "Deposit": f"{_TXN} DepositToAccountRef:reference",
    "Transfer": f"{_TXN} Amount:number FromAccountRef:reference ToAccountRef:reference",
    "CreditCardPayment": f"{_TXN} Amount:number BankAccountRef:reference CreditCardAccountRef:reference VendorRef:reference CheckNum Memo",
    # Entities of which these companies have nothing.
    "Estimate": _SALE,
    "PurchaseOrder": _SPENDING,
    "TimeActivity": f"{_COMMON} TxnDate:day NameOf EmployeeRef:reference CustomerRef:reference",
    "PaymentMethod": f"{_COMMON} Name Active:flag Type",
    "CustomerType": f"{_COMMON} Name Active:flag",
    "Attachable": f"{_COMMON} FileName Note",
    "JournalCode": f"{_COMMON} Name Type",
    "RecurringTransaction": _COMMON,
}  # fmt: skip

ENTITIES: Mapping[str, str] = {name.lower(): name for name in _FIELDS}
"""The entities by their names in lower case: queries do not mind the case."""
FIELDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    entity: {
        field.partition(":")[0].lower(): (field.partition(":")[0], field.partition(":")[2] or TEXT) for field in listed.split()
    }
    for entity, listed in _FIELDS.items()
}
"""By entity and name in lower case: the name as the vendor writes it, and its type."""
JSON_NAMES: Mapping[str, str] = {"CreditCardPayment": "CreditCardPaymentTxn"}
"""Entities whose objects bear another name in answers."""
NOT_CAPTURED = frozenset({"TaxAgency", "TaxCode", "TaxRate", "TimeActivity", "JournalCode"})
"""Entities that change data capture does not know."""
