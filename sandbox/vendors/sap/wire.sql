-- The entity sets: what company.sql knows, under the names of the vendor's properties. The large ones lie in the order of their keys: then a page
-- and what is expanded in it are found without looking through all rows.

create view wire."GLAccountLineItem" as
select g.ledger as "SourceLedger", company_code() as "CompanyCode", l.fiscal_year::varchar as "FiscalYear", l.number as "AccountingDocument", padded(l.line_number, 6) as "LedgerGLLineItem",
    g.ledger as "Ledger", l.fiscal_year::varchar as "LedgerFiscalYear", '0' as "GLRecordType", 'A000' as "ControllingArea", 'YCOA' as "ChartOfAccounts", l.account as "GLAccount",
    case l.reference_type when 'VBRK' then 'SD00' when 'RMRP' then 'RMRP' else 'RFBU' end as "BusinessTransactionType", l.reference_type as "ReferenceDocumentType", l.reference_context as "ReferenceDocumentContext",
    l.reference_document as "ReferenceDocument", padded(l.line_number, 6) as "ReferenceDocumentItem", l.is_reversal as "IsReversal", l.is_reversed as "IsReversed",
    coalesce(l.reverses_context, '') as "ReversalReferenceDocumentCntxt", coalesce(l.reverses_reference, '') as "ReversalReferenceDocument",
    l.cost_center as "CostCenter", l.profit_center as "ProfitCenter", l.functional_area as "FunctionalArea", '1000_A' as "Segment", l.partner_company as "PartnerCompany",
    l.currency_txn as "BalanceTransactionCurrency", l.amount_txn as "AmountInBalanceTransacCrcy", l.currency_txn as "TransactionCurrency", l.amount_txn as "AmountInTransactionCurrency",
    l.currency_func as "CompanyCodeCurrency", l.amount_func as "AmountInCompanyCodeCurrency", 'USD' as "GlobalCurrency", l.amount_global as "AmountInGlobalCurrency",
    case when l.is_balance_sheet then '' else l.currency_func end as "ControllingObjectCurrency", case when l.is_balance_sheet then 0 else l.amount_func end as "AmountInObjectCurrency",
    case when l.is_debit then 'S' else 'H' end as "DebitCreditCode", padded(l.period, 3) as "FiscalPeriod", 'K4' as "FiscalYearVariant", l.fiscal_year || padded(l.period, 3) as "FiscalYearPeriod",
    l.journal_date as "PostingDate", case when l.payment_id is null then coalesce(l.issue_date, l.journal_date) else l.journal_date end as "DocumentDate", l.document_type as "AccountingDocumentType",
    padded(l.line_number, 3) as "AccountingDocumentItem", l.assignment as "AssignmentReference",
    case l.item_type when 'D' then case when l.is_debit then '01' else case when l.payment_id is null then '11' else '15' end end
        when 'K' then case when l.is_debit then case when l.payment_id is null then '21' else '25' end else '31' end else case when l.is_debit then '40' else '50' end end as "PostingKey",
    case when l.account_code = '2100' and l.payment_id is null and l.kind is not null then case when l.kind like 'sale%' then 'MWS' else 'VST' end else '' end as "TransactionTypeDetermination",
    l.created_by as "AccountingDocCreatedByUser", l.changed_at as "LastChangeDateTime", l.recorded_at as "CreationDateTime", l.recorded_at::date as "CreationDate", l.gl_account_type as "GLAccountType",
    coalesce(l.invoice_reference, '') as "InvoiceReference", coalesce(l.invoice_reference_year::varchar, '') as "InvoiceReferenceFiscalYear", case when l.invoice_reference is not null then '001' else '' end as "InvoiceItemReference",
    l.line_text[:50] as "DocumentItemText", l.product as "Product", l.product as "SoldProduct", l.supplier as "Supplier", l.customer as "Customer", coalesce(l.item_type, 'S') as "FinancialAccountType",
    l.tax_code as "TaxCode", case when l.gl_account_type = 'C' then 'DEBK1' else '' end as "HouseBank", case when l.gl_account_type = 'C' then 'DEAC1' else '' end as "HouseBankAccount",
    case when l.item_type is not null then 'X' else '' end as "IsOpenItemManaged", l.clearing_date as "ClearingDate", coalesce(l.clearing_document, '') as "ClearingAccountingDocument",
    coalesce(l.clearing_year::varchar, '') as "ClearingDocFiscalYear", case when l.gl_account_type = 'C' then l.journal_date end as "ValueDate",
    coalesce(l.offsetting_account, '') as "OffsettingAccount", l.offsetting_type as "OffsettingAccountType", 'YCOA' as "OffsettingChartOfAccounts",
    l.cost_center as "AccountAssignment", case when l.cost_center <> '' then 'KS' else '' end as "AccountAssignmentType", l.order_id as "OrderID", case when l.order_id <> '' then '01' else '' end as "OrderCategory",
    case when l.document_type = 'RV' then case when l.kind = 'sale_credit' then 'G2' when l.is_reversal then 'S1' else 'F2' end else '' end as "BillingDocumentType",
    case when l.document_type = 'RV' then '1010' else '' end as "SalesOrganization", case when l.document_type = 'RV' then '10' else '' end as "DistributionChannel", case when l.document_type = 'RV' then '00' else '' end as "OrganizationDivision",
    false as "IsSettlement", false as "IsSettled", false as "IsCommitment", false as "ItemIsSplit", false as "LineItemIsCompleted"
from main.line l cross join (values ('0L'), ('2L')) g (ledger)
order by "Ledger", "FiscalYear", "AccountingDocument", "LedgerGLLineItem";

create table main."GLAccountLineItem" as from wire."GLAccountLineItem" limit 0;

create view wire."A_OperationalAcctgDocItemCube" as
select company_code() as "CompanyCode", l.fiscal_year::varchar as "FiscalYear", l.number as "AccountingDocument", padded(l.line_number, 3) as "AccountingDocumentItem",
    n.name[:25] as "CompanyCodeName", 'YCOA' as "ChartOfAccounts", l.clearing_date as "ClearingDate", l.clearing_recorded_at::date as "ClearingCreationDate", coalesce(l.clearing_document, '') as "ClearingAccountingDocument",
    coalesce(l.is_cleared, false) as "IsCleared", coalesce(l.item_type, 'S') as "FinancialAccountType", case when l.is_debit then 'S' else 'H' end as "DebitCreditCode", l.tax_code as "TaxCode",
    case l.item_type when 'D' then case when l.is_debit then '01' else case when l.payment_id is null then '11' else '15' end end
        when 'K' then case when l.is_debit then case when l.payment_id is null then '21' else '25' end else '31' end else case when l.is_debit then '40' else '50' end end as "PostingKey",
    l.assignment as "AssignmentReference", l.line_text[:50] as "DocumentItemText", l.partner_company as "PartnerCompany", case when l.cost_center <> '' then 'A000' else '' end as "ControllingArea", l.cost_center as "CostCenter",
    coalesce(cc.name, '')[:20] as "CostCenterName", coalesce(cc.name_de, '')[:20] as "CostCenterName_DE", l.order_id as "OrderID", coalesce(l.billing_document, '') as "BillingDocument",
    l.document_type = 'RV' as "IsSalesRelated", case when l.item_type is not null then 'X' else '' end as "IsOpenItemManaged", l.account as "OperationalGLAccount", l.account as "GLAccount",
    l.account_name[:30] as "GLAccountName", l.account_name_de[:30] as "GLAccountName_DE", l.account_name[:50] as "GLAccountLongName", l.account_name_de[:50] as "GLAccountLongName_DE",
    l.customer as "Customer", case when l.customer <> '' then coalesce(c.name, '')[:80] else '' end as "CustomerName", l.supplier as "Supplier", case when l.supplier <> '' then coalesce(c.name, '')[:80] else '' end as "SupplierName",
    l.is_balance_sheet as "IsBalanceSheetAccount", case when l.item_type is not null then case when l.payment_id is null then l.issue_date else l.journal_date end end as "DueCalculationBaseDate",
    case when l.item_type is not null and l.payment_id is null then 'NT' || date_diff('day', l.issue_date, l.due_date) else '' end as "PaymentTerms",
    case when l.item_type is not null and l.payment_id is null then date_diff('day', l.issue_date, l.due_date) else 0 end as "NetPaymentDays",
    case when l.item_type is not null then case when l.payment_id is null then l.due_date else l.journal_date end end as "NetDueDate",
    coalesce(l.invoice_reference, '') as "InvoiceReference", coalesce(l.invoice_reference_year::varchar, '') as "InvoiceReferenceFiscalYear", case when l.invoice_reference is not null then '001' else '' end as "InvoiceItemReference",
    coalesce(l.clearing_year::varchar, '') as "ClearingDocFiscalYear", l.product as "Material", l.product as "Product", l.profit_center as "ProfitCenter", padded(l.line_number, 6) as "LedgerGLLineItem", '1000_A' as "Segment",
    l.functional_area as "FunctionalArea", l.reference_type as "ReferenceDocumentType", l.reference_document || l.reference_context as "OriginalReferenceDocument", padded(l.period, 3) as "FiscalPeriod",
    l.journal_date as "PostingDate", case when l.payment_id is null then coalesce(l.issue_date, l.journal_date) else l.journal_date end as "DocumentDate", l.document_type as "AccountingDocumentType",
    coalesce(l.offsetting_account, '') as "OffsettingAccount", l.offsetting_type as "OffsettingAccountType",
    l.currency_func as "CompanyCodeCurrency", l.amount_func as "AmountInCompanyCodeCurrency", l.currency_txn as "TransactionCurrency", l.amount_txn as "AmountInTransactionCurrency",
    l.currency_txn as "BalanceTransactionCurrency", l.amount_txn as "AmountInBalanceTransacCrcy", 'USD' as "AdditionalCurrency1", l.amount_global as "AmountInAdditionalCurrency1",
    l.recorded_at::date as "AccountingDocumentCreationDate", l.recorded_at::time as "CreationTime", case when l.changed_at > l.recorded_at then l.changed_at::date end as "LastChangeDate",
    case when l.currency_txn <> l.currency_func then l.journal_date end as "ExchangeRateDate", l.created_by as "AccountingDocCreatedByUser",
    case when l.payment_id is null and l.kind like 'purchase%' then coalesce(l.document_reference, '')[-16:] else coalesce(l.document_number, '') end as "DocumentReferenceID",
    coalesce(l.reversed_by, l.reverses, '') as "ReverseDocument", coalesce(l.reversed_by_year, l.reverses_year)::varchar as "ReverseDocumentFiscalYear", l.header_text[:25] as "AccountingDocumentHeaderText",
    case when l.currency_txn <> l.currency_func and l.payment_id is null and l.fx_rate is not null then 1 / l.fx_rate::double when l.currency_txn = l.currency_func then 1
         when l.amount_txn <> 0 then abs(l.amount_func / l.amount_txn) else 0 end::decimal(9, 5) as "ExchangeRate",
    case l.reference_type when 'VBRK' then 'SD00' when 'RMRP' then 'RMRP' else 'RFBU' end as "BusinessTransactionType", case when l.is_reversal then '01' else '' end as "ReversalReason",
    coalesce(l.payment_reference, '')[:30] as "PaymentReference", '0L' as "Ledger", l.is_reversal as "IsReversal", l.is_reversed as "IsReversed"
from main.line l cross join known.entity n left join sap.cost_center cc on cc.cost_center = l.cost_center
left join (
    select customer_id as party_id, name from known.customer
    union all select vendor_id, name from known.vendor where partner_entity_id is null
    union all select 'ic-' || entity_id, name from meridian.company.entity
) c on c.party_id = l.party_id
order by "FiscalYear", "AccountingDocument", "AccountingDocumentItem";

create view main."A_JournalEntryItemBasic" as
select "Ledger", case "Ledger" when '0L' then 'Leading Ledger' else 'Parallel Ledger' end as "LedgerName", "LedgerFiscalYear", "ControllingArea", "CompanyCode", n.name[:25] as "CompanyCodeName", "GLAccount",
    a.name[:30] as "GLAccountName", a.name_de[:30] as "GLAccountName_DE", "CostCenter", "ProfitCenter", "FunctionalArea", "Segment", "PartnerCompany", "TransactionCurrency", "AmountInTransactionCurrency",
    "CompanyCodeCurrency", "AmountInCompanyCodeCurrency", "GlobalCurrency", "AmountInGlobalCurrency", "FiscalPeriod", "FiscalYearVariant", "FiscalYearPeriod", "ChartOfAccounts", "Customer",
    "DebitCreditCode" as "ControllingDebitCreditCode", "OrderID", "SalesOrganization", "DistributionChannel", "SoldProduct" as "SoldMaterial"
from main."GLAccountLineItem" l join sap.account a on a.number = l."GLAccount" cross join known.entity n;

create view wire."A_CompanyCode" as
select company_code() as "CompanyCode", name[:25] as "CompanyCodeName", 'Berlin' as "CityName", country as "Country", currency as "Currency", 'DE' as "Language", 'YCOA' as "ChartOfAccounts", 'K4' as "FiscalYearVariant",
    company_code() as "Company", 'A000' as "ControllingArea", 'DE' || padded(number_of(entity_id, 9), 9) as "VATRegistration", false as "ExtendedWhldgTaxIsActive", false as "DocDateIsUsedForTaxDetn", false as "TaxRptgDateIsActive"
from known.entity;

create view wire."A_Ledger" as
select * from (values ('0L', true, 'FI', 'GLF'), ('2L', false, 'FI', 'GLF')) t ("Ledger", "IsLeadingLedger", "LedgerApplication", "LedgerSubApplication");
create view wire."A_LedgerText" as
select * from (values ('0L', 'EN', 'Leading Ledger'), ('0L', 'DE', 'Führendes Ledger'), ('2L', 'EN', 'Parallel Ledger'), ('2L', 'DE', 'Paralleles Ledger')) t ("Ledger", "Language", "LedgerName");

create view wire."A_GLAccountInChartOfAccounts" as
select 'YCOA' as "ChartOfAccounts", number as "GLAccount", is_balance_sheet as "IsBalanceSheetAccount", account_group as "GLAccountGroup", account_of(group_account) as "CorporateGroupAccount",
    case when is_balance_sheet then '' else 'X' end as "ProfitLossAccountType", created_at::date as "CreationDate", 'CB9980000001' as "CreatedByUser", created_at as "LastChangeDateTime", account_type as "GLAccountType",
    account_code as "GLAccountExternal", not is_balance_sheet as "IsProfitLossAccount"
from sap.account;
create view wire."A_GLAccountText" as
select 'YCOA' as "ChartOfAccounts", number as "GLAccount", 'EN' as "Language", name[:20] as "GLAccountName", name[:50] as "GLAccountLongName", created_at as "LastChangeDateTime" from sap.account
union all select 'YCOA', number, 'DE', name_de[:20], name_de[:50], created_at from sap.account;

-- Cost centres hold for a time: marketing was reorganised in the past, one was closed, and product development gets a new head soon.
create view sap.cost_center_validity as
with days as (
    select date_trunc('month', first_date + interval 18 month)::date as reorganised, date_trunc('month', as_of_date + interval 45 day)::date as handed_over, as_of_date + interval 10 day as announced from known.parameter
)
select c.*, date '2020-01-01' as valid_from, date '9999-12-31' as valid_to, 'A. Brandt' as responsible, c.name as label, c.name_de as label_de from sap.cost_center c cross join days
where c.department_id not in ('marketing', 'product') or (c.department_id = 'product' and announced > horizon())
union all
select c.*, date '2020-01-01', reorganised - 1, 'M. Otto', 'Marketing', 'Marketing' from sap.cost_center c cross join days where c.department_id = 'marketing'
union all
select c.*, reorganised, date '9999-12-31', 'E. Frost', 'Marketing & Growth', 'Marketing & Wachstum' from sap.cost_center c cross join days where c.department_id = 'marketing'
union all
select c.*, date '2020-01-01', handed_over - 1, 'A. Brandt', c.name, c.name_de from sap.cost_center c cross join days where c.department_id = 'product' and announced <= horizon()
union all
select c.*, handed_over, date '9999-12-31', 'S. Jung', c.name, c.name_de from sap.cost_center c cross join days where c.department_id = 'product' and announced <= horizon()
union all
select 'closed', '10101799', 'YB50', 'Prototypes', 'Prototypen', date '2020-01-01', date '2022-12-31', 'S. Jung', 'Prototypes', 'Prototypen';
create view wire."A_CostCenter" as
select 'A000' as "ControllingArea", cost_center as "CostCenter", valid_to as "ValidityEndDate", valid_from as "ValidityStartDate", company_code() as "CompanyCode", responsible as "CostCtrResponsiblePersonName",
    n.currency as "CostCenterCurrency", 'YB900' as "ProfitCenter", functional_area as "FunctionalArea", n.country as "Country", 'YBH1010' as "CostCenterStandardHierArea", 'F' as "CostCenterCategory",
    case when valid_to < date '9999-12-31' and department_id = 'closed' then 'X' else '' end as "IsBlkdForPrimaryCostsPosting", 'DE' as "Language", 'CB9980000001' as "CostCenterCreatedByUser", valid_from as "CostCenterCreationDate"
from sap.cost_center_validity cross join known.entity n;
create view wire."A_CostCenterText" as
select cost_center as "CostCenter", 'A000' as "ControllingArea", unnest(['EN', 'DE']) as "Language", valid_to as "ValidityEndDate", valid_from as "ValidityStartDate", unnest([label, label_de])[:20] as "CostCenterName",
    unnest([label, label_de])[:40] as "CostCenterDescription"
from sap.cost_center_validity;
create view wire."A_ProfitCenter" as
select 'A000' as "ControllingArea", profit_center as "ProfitCenter", date '9999-12-31' as "ValidityEndDate", date '2020-01-01' as "ValidityStartDate", company_code() as "CompanyCode", name as "AddressName", '1000_A' as "Segment",
    'YBH1010' as "ProfitCenterStandardHierarchy", 'DE' as "Language", 'CB9980000001' as "ProfitCenterCreatedByUser", date '2020-01-01' as "ProfitCenterCreationDate"
from sap.profit_center;

create view wire."A_InternalOrder" as
select o.order_id as "InternalOrder", c.name[:40] as "InternalOrderDescription", '01' as "OrderCategory", 'A000' as "ControllingArea", n.currency as "Currency", true as "IsStatisticalOrder", c.created_at::date as "CreationDate",
    'CB9980000015' as "CreatedByUser", case when c.changed_at > c.created_at then 'CB9980000015' else '' end as "LastChangedByUser", case when c.changed_at > c.created_at then c.changed_at::time end as "LastChangeTime",
    'OR' || o.order_id as "ControllingObject", company_code() as "CompanyCode", 'YB900' as "ProfitCenter", 'YB35' as "FunctionalArea", 'OC' as "ControllingObjectClass", 'YBMA' as "OrderType",
    '10101602' as "ResponsibleCostCenter", false as "IsDeleted"
from known.campaign c join sap.internal_order o using (campaign_id) cross join known.entity n;

-- Billing documents: amounts are positive, whatever the category; the category says what they mean.
create view sap.billing as
select e.*, d.number as document_number, d.reference, d.currency, d.subtotal, d.tax, d.total, d.issue_date, d.due_date, d.fx_rate, p.number as customer, i.is_cleared,
    greatest(e.recorded_at, coalesce(e.reversed_at, e.recorded_at), coalesce(i.changed_at, e.recorded_at)) as changed_at, o.billing_document as cancels
from sap.entry_now e join meridian.company.document d using (document_id) join sap.party p on p.party_id = d.customer_id
left join sap.item_now i on i.journal_id = e.journal_id left join sap.entry o on o.journal_id = e.reverses_journal_id
where e.document_type = 'RV';
create view wire."A_BillingDocument" as
select billing_document as "BillingDocument", case when is_reversal then 'N' when kind = 'sale_credit' then 'O' else 'M' end as "SDDocumentCategory",
    case when is_reversal then 'S1' when kind = 'sale_credit' then 'G2' else 'F2' end as "BillingDocumentType", recorded_at::date as "CreationDate", recorded_at::time as "CreationTime",
    case when changed_at > recorded_at then changed_at::date end as "LastChangeDate", changed_at as "LastChangeDateTime", '1010' as "SalesOrganization", '10' as "DistributionChannel", '00' as "Division", issue_date as "BillingDocumentDate",
    is_reversed as "BillingDocumentIsCancelled", coalesce(cancels, '') as "CancelledBillingDocument", subtotal as "TotalNetAmount", b.currency as "TransactionCurrency", n.currency as "StatisticsCurrency", tax as "TaxAmount",
    total as "TotalGrossAmount", customer as "PayerParty", customer as "SoldToParty", 'NT' || date_diff('day', issue_date, due_date) as "CustomerPaymentTerms", company_code() as "CompanyCode", fiscal_year::varchar as "FiscalYear",
    b.number as "AccountingDocument", true as "AccountingExchangeRateIsSet", (1 / fx_rate::double)::decimal(9, 5) as "AbsltAccountingExchangeRate", issue_date as "ExchangeRateDate", document_number as "DocumentReferenceID",
    document_number as "AssignmentReference", coalesce(reference, '')[:35] as "PurchaseOrderByCustomer", n.country as "Country", 'C' as "OverallSDProcessStatus", 'C' as "AccountingPostingStatus", 'C' as "AccountingTransferStatus",
    case when is_cleared then 'C' else 'A' end as "InvoiceClearingStatus", false as "ManualInvoiceMaintIsRelevant", false as "IsRelevantForAccrual"
from sap.billing b cross join known.entity n
order by "BillingDocument";
create view wire."A_BillingDocumentItem" as
select b.billing_document as "BillingDocument", padded(10 * l.line_number, 6) as "BillingDocumentItem", case when b.kind = 'sale_credit' then 'L2N' else 'TAD' end as "SalesDocumentItemCategory", b.created_by as "CreatedByUser",
    b.recorded_at::date as "CreationDate", b.recorded_at::time as "CreationTime", coalesce(x.sku, '') as "Material", l.description[:40] as "BillingDocumentItemText", l.service_start_date as "ServicesRenderedDate",
    l.quantity as "BillingQuantity", case when l.product_id = 'prd-onb' then 'HUR' else 'EA' end as "BillingQuantityUnit", l.quantity as "BillingQuantityInBaseUnit", case when l.product_id = 'prd-onb' then 'HUR' else 'EA' end as "BaseUnit",
    l.net_amount as "NetAmount", b.currency as "TransactionCurrency", l.net_amount + l.tax_amount as "GrossAmount", b.issue_date as "PricingDate", l.tax_amount as "TaxAmount",
    coalesce(pc.profit_center, 'YB900') as "ProfitCenter", 'A000' as "ControllingArea", b.fiscal_year || '' as "ProfitabilitySegment"
from sap.billing b join meridian.company.document_line l using (document_id) left join meridian.company.product x using (product_id) left join sap.profit_center pc using (product_id)
order by "BillingDocument", "BillingDocumentItem";

-- Supplier invoices. A reversal is a document of its own, and a credit memo; a draft is parked, and shown as deleted once it was.
create view sap.supplier_invoice_now as
select s.journal_id, s.document_id, s.number, s.fiscal_year, s.recorded_at, s.journal_date, d.kind, d.reference, d.currency, d.subtotal, d.tax, d.total, d.issue_date, d.due_date, d.fx_rate, d.number as document_number,
    p.number as supplier, e.reverses_journal_id is not null as is_reversal, r.journal_id is not null as is_reversed, coalesce(o.number, ro.number) as reverse_number, coalesce(o.fiscal_year, ro.fiscal_year) as reverse_year,
    case when s.journal_id is not null then '5' when d.deleted_at <= horizon() then '2' else 'A' end as status, c.number as credits_number, c.fiscal_year as credits_year,
    (d.kind = 'purchase_credit') <> (e.reverses_journal_id is not null) as is_credit_memo
from sap.supplier_invoice s join meridian.company.document d using (document_id) join sap.party p on p.party_id = d.vendor_id
left join sap.entry e on e.journal_id = s.journal_id
left join sap.reversal r on r.journal_id = s.journal_id and r.recorded_at <= horizon()
left join sap.supplier_invoice o on o.journal_id = e.reverses_journal_id
left join sap.supplier_invoice ro on ro.journal_id = r.by_journal_id
left join sap.supplier_invoice c on c.journal_id = 'jnl-' || d.credits_document_id
where s.recorded_at <= horizon();
create view wire."A_SupplierInvoice" as
select number as "SupplierInvoice", fiscal_year::varchar as "FiscalYear", company_code() as "CompanyCode", issue_date as "DocumentDate", journal_date as "PostingDate", recorded_at::date as "CreationDate",
    reference[-16:] as "SupplierInvoiceIDByInvcgParty", supplier as "InvoicingParty", currency as "DocumentCurrency", total as "InvoiceGrossAmount", document_number as "DocumentHeaderText",
    'NT' || date_diff('day', issue_date, due_date) as "PaymentTerms", issue_date as "DueCalculationBaseDate", date_diff('day', issue_date, due_date) as "NetPaymentDays", 'RE' as "AccountingDocumentType", status as "SupplierInvoiceStatus",
    (1 / fx_rate::double)::decimal(9, 5) as "DirectQuotedExchangeRate", coalesce(credits_number, '') as "InvoiceReference", coalesce(credits_year::varchar, '') as "InvoiceReferenceFiscalYear", document_number as "AssignmentReference",
    true as "TaxIsCalculatedAutomatically", case when is_credit_memo then 'X' else '' end as "SupplierInvoiceIsCreditMemo", issue_date as "TaxDeterminationDate", recorded_at::date as "InvoiceReceiptDate",
    coalesce(reverse_number, '') as "ReverseDocument", coalesce(reverse_year::varchar, '') as "ReverseDocumentFiscalYear", coalesce(is_reversal, false) as "IsReversal", is_reversed as "IsReversed"
from sap.supplier_invoice_now
order by "SupplierInvoice", "FiscalYear";
create view wire."A_SupplierInvoiceItemGLAcct" as
with lines as (
    select s.number, s.fiscal_year, s.currency, s.is_credit_memo, s.kind, l.line_number, l.account_code, abs(l.amount_txn) as amount, l.tax_type, abs(l.tax_amount) as tax_amount, l.description, l.department_id, l.campaign_id
    from sap.supplier_invoice_now s join meridian.company.journal_line l using (journal_id) where l.account_code not in ('2000', '2100')
    union all
    select s.number, s.fiscal_year, s.currency, s.is_credit_memo, s.kind, l.line_number + 1, l.account_code, l.net_amount, l.tax_type, l.tax_amount, l.description, l.department_id, l.campaign_id
    from sap.supplier_invoice_now s join meridian.company.document_line l using (document_id) where s.journal_id is null
)
select l.number as "SupplierInvoice", l.fiscal_year::varchar as "FiscalYear", padded(l.line_number - 1, 4) as "SupplierInvoiceItem", company_code() as "CompanyCode", coalesce(cc.cost_center, '') as "CostCenter", 'A000' as "ControllingArea",
    'YB900' as "ProfitCenter", coalesce(cc.functional_area, '') as "FunctionalArea", account_of(l.account_code) as "GLAccount", l.currency as "DocumentCurrency", l.amount as "SupplierInvoiceItemAmount",
    tax_code_of(l.tax_type, l.kind) as "TaxCode", case when coalesce(l.is_credit_memo, false) then 'H' else 'S' end as "DebitCreditCode", l.description[:50] as "SupplierInvoiceItemText",
    coalesce(o.code, '') as "AssignmentReference", coalesce(o.order_id, '') as "InternalOrder", case when l.tax_amount <> 0 then l.amount else 0 end as "TaxBaseAmountInTransCrcy", 'DE' as "TaxCountry"
from lines l left join sap.cost_center cc using (department_id) left join sap.internal_order o using (campaign_id)
order by "SupplierInvoice", "FiscalYear";
create view wire."A_SupplierInvoiceTax" as
select s.number as "SupplierInvoice", s.fiscal_year::varchar as "FiscalYear", tax_code_of(l.tax_type, s.kind) as "TaxCode", '000001' as "SupplierInvoiceTaxCounter", any_value(s.currency) as "DocumentCurrency",
    sum(l.tax_amount) as "TaxAmount", sum(l.net_amount) as "TaxBaseAmountInTransCrcy", 'DE' as "TaxCountry"
from sap.supplier_invoice_now s join meridian.company.document_line l using (document_id) where l.tax_type in ('input', 'zero') group by 1, 2, 3;
-- Nothing was bought through purchase orders.
create view wire."A_SuplrInvcItemPurOrdRef" as
select '' as "SupplierInvoice", '' as "FiscalYear", '' as "SupplierInvoiceItem" where false;
create view wire."A_SuplrInvcItemAcctAssgmt" as
select '' as "SupplierInvoice", '' as "FiscalYear", '' as "SupplierInvoiceItem", '' as "OrdinalNumber" where false;

-- Parties. Who has left is blocked for orders, and marked for deletion half a year later.
create view sap.party_now as
select p.party_id, p.number, p.partner_entity_id, p.created_at, c.name, c.email, c.tax_id, c.street, c.city, c.postal_code, c.country, c.phone, true as is_customer, false as is_supplier, null as currency, o.churned_date
from sap.party p join known.customer c on c.customer_id = p.party_id join meridian.company.customer o on o.customer_id = p.party_id
union all
select p.party_id, p.number, null, p.created_at, v.name, v.email, v.tax_id, null, null, null, v.country, null, false, true, v.currency, null from sap.party p join known.vendor v on v.vendor_id = p.party_id
union all
select p.party_id, p.number, p.partner_entity_id, p.created_at, e.name, 'intercompany@meridian.example', null, null, null, null, e.country, null, true, true, e.currency, null
from sap.party p join meridian.company.entity e on e.entity_id = p.partner_entity_id;
create macro has_left(churned, days) as churned is not null and churned + days <= horizon()::date;

create view wire."A_BusinessPartner" as
select number as "BusinessPartner", case when is_customer then number else '' end as "Customer", case when is_supplier then number else '' end as "Supplier", '2' as "BusinessPartnerCategory", name[:81] as "BusinessPartnerFullName",
    case when partner_entity_id is not null then 'BPIC' when is_customer then 'BP02' else 'BP03' end as "BusinessPartnerGrouping", name[:81] as "BusinessPartnerName", md5(party_id)::uuid::varchar as "BusinessPartnerUUID",
    'CB9980000012' as "CreatedByUser", created_at::date as "CreationDate", created_at::time as "CreationTime", case when has_left(churned_date, 180) then churned_date + 180 end as "LastChangeDate",
    case when has_left(churned_date, 180) then time '02:00:00' end as "LastChangeTime", name[:40] as "OrganizationBPName1", name[41:80] as "OrganizationBPName2", upper(name)[:20] as "SearchTerm1",
    has_left(churned_date, 180) as "IsMarkedForArchiving", coalesce((select company from sap.partner i where i.entity_id = partner_entity_id), '') as "TradingPartner", false as "BusinessPartnerIsBlocked"
from sap.party_now;
create view wire."A_BusinessPartnerAddress" as
select number as "BusinessPartner", padded(20000 + number::bigint % 1000000, 10) as "AddressID", created_at as "ValidityStartDate", timestamp '9999-12-31 23:59:59' as "ValidityEndDate", md5('address' || party_id)::uuid::varchar as "AddressUUID",
    coalesce(city, '')[:40] as "CityName", coalesce(country, '') as "Country", name[:80] as "FullName", coalesce(street, '')[:60] as "StreetName", coalesce(postal_code, '')[:10] as "PostalCode", 'INT' as "PrfrdCommMediumType"
from sap.party_now;
create view wire."A_AddressEmailAddress" as
select padded(20000 + number::bigint % 1000000, 10) as "AddressID", '' as "Person", '001' as "OrdinalNumber", true as "IsDefaultEmailAddress", email[:241] as "EmailAddress", upper(email)[:20] as "SearchEmailAddress"
from sap.party_now where email is not null;
create view wire."A_BusinessPartnerTaxNumber" as
select number as "BusinessPartner", country || '0' as "BPTaxType", tax_id[:20] as "BPTaxNumber" from sap.party_now where tax_id is not null;
create view wire."A_Customer" as
select number as "Customer", 'CB9980000012' as "CreatedByUser", created_at::date as "CreationDate", case when partner_entity_id is not null then 'DEIC' else 'CUST' end as "CustomerAccountGroup", name[:220] as "CustomerFullName",
    name[:80] as "CustomerName", case when has_left(churned_date, 0) then '01' else '' end as "OrderIsBlockedForCustomer", has_left(churned_date, 180) as "PostingIsBlocked", case when is_supplier then number else '' end as "Supplier",
    coalesce(tax_id, '')[:20] as "VATRegistration", has_left(churned_date, 180) as "DeletionIndicator"
from sap.party_now where is_customer;
create view wire."A_CustomerCompany" as
select number as "Customer", company_code() as "CompanyCode", 'NT30' as "PaymentTerms", account_of(case when partner_entity_id is not null then '1150' else '1100' end) as "ReconciliationAccount",
    has_left(churned_date, 180) as "DeletionIndicator", case when partner_entity_id is not null then 'DEIC' else 'CUST' end as "CustomerAccountGroup"
from sap.party_now where is_customer;
create view wire."A_Supplier" as
select number as "Supplier", 'CB9980000012' as "CreatedByUser", created_at::date as "CreationDate", case when is_customer then number else '' end as "Customer", case when partner_entity_id is not null then 'DEIC' else 'SUPL' end as "SupplierAccountGroup",
    name[:220] as "SupplierFullName", name[:80] as "SupplierName", coalesce(tax_id, '')[:20] as "VATRegistration"
from sap.party_now where is_supplier;
create view wire."A_SupplierCompany" as
select s.number as "Supplier", company_code() as "CompanyCode", n.name[:25] as "CompanyCodeName", 'NT30' as "PaymentTerms", n.currency as "Currency",
    account_of(case when s.partner_entity_id is not null then '2050' else '2000' end) as "ReconciliationAccount", case when s.partner_entity_id is not null then 'DEIC' else 'SUPL' end as "SupplierAccountGroup"
from sap.party_now s cross join known.entity n where is_supplier;

-- Plan data: the budget of each year, and its reforecast; credits are negative, as in the ledger.
create view wire."A_FinPlanningEntryItem" as
select '0L' as "Ledger", 'Leading Ledger' as "LedgerName", case b.version when 'original' then 'BUDGET02' else 'PLN_' || upper(replace(b.version, 'reforecast_', '')) end as "PlanningCategory", year(l.month)::varchar as "LedgerFiscalYear",
    a.number as "GLAccount", a.name[:30] as "GLAccountName", a.name_de[:30] as "GLAccountName_DE", company_code() as "CompanyCode", n.name[:25] as "CompanyCodeName",
    case when a.class = 'revenue' then '' else cc.cost_center end as "CostCenter", case when a.class = 'revenue' then '' else cc.name[:20] end as "CostCenterName", 'YB900' as "ProfitCenter",
    case when a.class = 'revenue' then '' else cc.functional_area end as "FunctionalArea", 'A000' as "ControllingArea", '1000_A' as "Segment",
    n.currency as "TransactionCurrency", x.amount as "AmountInTransactionCurrency", n.currency as "CompanyCodeCurrency", x.amount as "AmountInCompanyCodeCurrency", 'USD' as "GlobalCurrency",
    round(x.amount * r.units_per_eur, 2) as "AmountInGlobalCurrency", padded(month(l.month), 3) as "FiscalPeriod", 'K4' as "FiscalYearVariant", year(l.month) || padded(month(l.month), 3) as "FiscalYearPeriod",
    'YCOA' as "ChartOfAccounts", case when x.amount < 0 then 'H' else 'S' end as "ControllingDebitCreditCode"
from known.budget b join known.budget_line l using (budget_id) join sap.account a using (account_code) join sap.cost_center cc using (department_id) cross join known.entity n
cross join lateral (select case when a.class = 'revenue' then -l.amount else l.amount end as amount) x
asof join (select rate_date, units_per_eur from meridian.company.fx_rate where currency = 'USD') r on b.created_at::date >= r.rate_date;
