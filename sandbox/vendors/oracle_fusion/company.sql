-- How Oracle Fusion shows the entity: each view of schema `wire` is a resource (or a child of one), its columns the attributes under Oracle's names.
-- Columns that begin with $ are not attributes: keys of the row around a child, and what sorts.
-- Chart of accounts, in order: company - account - cost centre - product - campaign - inter-company - future; zeros mean none.

create schema build;
create macro oracle_id(kind, key) as 300100000000000 + number_of(kind || ':' || key, 14);
create macro company_of(entity_id) as case entity_id when 'us' then '101' when 'de' then '201' when 'jp' then '301' when 'uk' then '401' when 'bf' then '501' else '000' end;
create macro cost_center_of(department_id) as case department_id when 'sales' then '100' when 'marketing' then '200' when 'product' then '300' when 'support' then '400' when 'general' then '900' else '000' end;
create macro product_of(wanted) as coalesce((select replace(p.sku, '-', '') from meridian.company.product p where p.product_id = wanted), '0000');
create macro campaign_of(campaign_id) as case when campaign_id is null then '0000' else 'C' || lpad(number_of(campaign_id, 8)::varchar, 8, '0') end;
create macro combination(account_code, department_id, product, campaign_id, partner_entity_id) as
    concat_ws('-', company_of(entity()), account_code, cost_center_of(department_id), product, campaign_of(campaign_id), company_of(partner_entity_id), '0000');
create macro period_of(day) as strftime(day, '%b-%y');
create macro ledger_id() as oracle_id('ledger', entity());
create macro chart_id() as 50000 + number_of('chart:' || entity(), 4);
create macro ledger_name() as (select name || ' Primary Ledger' from known.entity);
create macro entity_name() as (select name from known.entity);
create macro business_unit() as (select name || ' BU' from known.entity);
create macro ledger_currency() as (select currency from known.entity);
create macro payment_number(payment_id) as 100000 + number_of('payment:' || payment_id, 8);
create macro customer_number(key) as (10000 + number_of('customer:' || key, 7))::varchar;
create macro supplier_number(key) as (1000 + number_of('supplier:' || key, 6))::varchar;
create macro control_account(kind, partner) as case when kind like 'sale%' then case when partner is null then '1100' else '1150' end else case when partner is null then '2000' else '2050' end end;

-- Journals: month-end entries are prepared a day before they are posted, and are there unposted meanwhile.
create view build.journal as
with shown as (
    select *, recorded_at <= horizon() as is_posted,
        case when source_type in ('accrual', 'depreciation', 'fx_revaluation', 'payroll') then recorded_at - interval 1 day else recorded_at end as prepared_at
    from meridian.company.journal where entity_id = entity()
),
sourced as (
    select s.*, r.journal_id as reversed_by, r.journal_date as reversed_on, r.recorded_at as reversed_at,
        case when s.source_type in ('purchase', 'purchase_credit', 'purchase_payment', 'refund') then 'Payables' when s.source_type in ('sale', 'sale_credit', 'sale_payment') then 'Receivables'
             when s.source_type in ('bank_spend', 'bank_receive') then 'Cash Management' when s.source_type = 'payroll' then 'Payroll' when s.source_type = 'depreciation' then 'Assets'
             when s.source_type = 'fx_revaluation' then 'Revaluation' when s.source_type = 'revenue_recognition' then 'Revenue Management' else 'Manual' end as source,
        case s.source_type when 'purchase' then 'Purchase Invoices' when 'purchase_credit' then 'Purchase Invoices' when 'purchase_payment' then 'Payments' when 'refund' then 'Payments'
             when 'sale' then case when s.reverses_journal_id is null then 'Sales Invoices' else 'Credit Memos' end when 'sale_credit' then 'Credit Memos' when 'sale_payment' then 'Receipts'
             when 'bank_spend' then 'Miscellaneous Payments' when 'bank_receive' then 'Miscellaneous Receipts' when 'payroll' then 'Payroll' when 'depreciation' then 'Depreciation'
             when 'fx_revaluation' then 'Revaluation' when 'revenue_recognition' then 'Revenue Recognition' when 'accrual' then 'Accrual' when 'opening' then 'Opening Balance' else 'Adjustment' end as category
    from shown s left join shown r on r.reverses_journal_id = s.journal_id and r.is_posted
    where s.prepared_at <= horizon()
)
select j.*, j.source || ' ' || strftime(j.recorded_at, '%Y-%m-%d') || ' ' || period_of(j.journal_date) as batch_name, oracle_id('journal', j.journal_id) as header_id,
    coalesce(d.number || case when j.source_type = 'sale' and j.reverses_journal_id is not null then '-CM' else '' end,
        case when p.payment_id is not null then payment_number(p.payment_id)::varchar end) as document_number,
    case when d.document_id is not null then 1 / d.fx_rate when p.payment_id is not null then 1 / p.fx_rate else 1 end as rate
from sourced j left join meridian.company.document d on d.document_id = j.source_id left join meridian.company.payment p on p.payment_id = j.source_id;

create view build.journal_line as
select j.*, l.line_number, l.account_code, l.amount_func, l.amount_txn, l.currency_txn, l.description as line_description,
    combination(l.account_code, l.department_id, product_of(l.product_id), l.campaign_id, l.partner_entity_id) as combination,
    case when l.amount_func <> 0 then l.amount_func > 0 else l.amount_txn >= 0 end as is_debit
from build.journal j join meridian.company.journal_line l using (journal_id);

create view build.journal_header as
select batch_name, header_id, any_value(journal_id) as journal_id, any_value(currency_txn) as currency, bool_and(is_posted) as is_posted,
    sum(case when is_debit then amount_txn else 0 end) as entered_dr, sum(case when is_debit then 0 else -amount_txn end) as entered_cr,
    sum(case when is_debit then amount_func else 0 end) as accounted_dr, sum(case when is_debit then 0 else -amount_func end) as accounted_cr,
    min(prepared_at) as created_at, any_value(case when is_posted then recorded_at else prepared_at end) as posted_at, any_value(reversed_at) as reversed_at
from build.journal_line group by batch_name, header_id;

create view wire."journalBatches" as
with batch as (
    select h.batch_name, bool_and(h.is_posted) as is_posted, any_value(j.source) as source, any_value(j.journal_date) as day, sum(h.entered_dr) as entered_dr, sum(h.entered_cr) as entered_cr,
        sum(h.accounted_dr) as accounted_dr, sum(h.accounted_cr) as accounted_cr, min(h.created_at) as created_at, max(h.posted_at) as posted_at,
        greatest(max(h.posted_at), coalesce(max(h.reversed_at), max(h.posted_at))) as changed_at, bool_or(h.reversed_at is not null) as is_reversed, max(j.reversed_on) as reversed_on
    from build.journal_header h join build.journal j using (header_id) group by h.batch_name
)
select oracle_id('batch', entity() || batch_name) as "JeBatchId", batch_name as "BatchName", null::varchar as "BatchDescription", period_of(day) as "DefaultPeriodName", case when is_posted then 'P' else 'U' end as "Status",
    case when is_posted then 'Posted' else 'Unposted' end as "StatusMeaning", 'Complete' as "CompletionStatusMeaning", 'Not required' as "ApprovalStatusMeaning", 'Not applicable' as "FundsStatusMeaning",
    source as "UserJeSourceName", entity_name() || ' COA' as "ChartOfAccountsName", 'Meridian Calendar' as "UserPeriodSetName", 'Month' as "AccountedPeriodType", 'Actual' as "ActualFlagMeaning",
    entered_dr as "RunningTotalDr", entered_cr as "RunningTotalCr", accounted_dr as "RunningTotalAccountedDr", accounted_cr as "RunningTotalAccountedCr", null::decimal(20, 4) as "ControlTotal",
    case when is_posted then posted_at::date end as "PostedDate", is_reversed as "ReversalFlag", reversed_on as "ReversalDate", case when is_reversed then period_of(reversed_on) end as "ReversalPeriod",
    case when is_reversed then 'Switch Dr or Cr' end as "ReversalMethodMeaning", null::varchar as "ErrorMessage",
    case when source = 'Manual' then 'general.accountant' else 'FUSION_APPS_FIN_ESS_APPID' end as "CreatedBy", created_at as "CreationDate", 'FUSION_APPS_FIN_ESS_APPID' as "LastUpdatedBy", changed_at as "LastUpdateDate"
from batch;

create view wire."journalHeaders" as
select oracle_id('batch', entity() || j.batch_name) as "$JeBatchId", h.header_id as "JeHeaderId", j.category || ' ' || j.description || case when j.reverses_journal_id is not null then ': reversal' else '' end as "Name",
    j.category || ' ' || j.description || case when j.reverses_journal_id is not null then ': reversal' else '' end as "JournalName", j.description as "JournalDescription", ledger_name() as "LedgerName",
    ledger_currency() as "LedgerCurrencyCode", h.currency as "CurrencyCode", period_of(j.journal_date) as "PeriodName", j.journal_date as "DefaultEffectiveDate", j.category as "UserJeCategoryName",
    case when h.is_posted then 'P' else 'U' end as "Status", case when h.currency = ledger_currency() then 'User' else 'Corporate' end as "UserCurrencyConversionType", j.journal_date as "CurrencyConversionDate",
    j.rate::decimal(28, 12) as "CurrencyConversionRate", h.entered_dr as "RunningTotalDr", h.entered_cr as "RunningTotalCr", h.accounted_dr as "RunningTotalAccountedDr", h.accounted_cr as "RunningTotalAccountedCr",
    null::decimal(20, 4) as "ControlTotal", entity_name() as "LegalEntityName", j.document_number as "ExternalReference", case when h.reversed_at is not null then 'Reversed' else 'Not reversed' end as "AccrualReversalStatus",
    case when h.reversed_at is not null then period_of(j.reversed_on) end as "AccrualReversalPeriodName", j.reversed_on as "AccrualReversalEffectiveDate",
    case when h.reversed_at is not null then j.category || ' ' || j.description || ': reversal' end as "AccrualReversalJeHeaderName",
    case when j.source = 'Manual' then 'general.accountant' else 'FUSION_APPS_FIN_ESS_APPID' end as "CreatedBy", h.created_at as "CreationDate", 'FUSION_APPS_FIN_ESS_APPID' as "LastUpdatedBy",
    greatest(h.posted_at, coalesce(h.reversed_at, h.posted_at)) as "LastUpdateDate", j.journal_id as "$Journal", case when j.reverses_journal_id is not null then oracle_id('journal', j.reverses_journal_id) end as "$ReversedJeHeaderId"
from build.journal_header h join build.journal j using (header_id);

create view wire."journalLines" as
select oracle_id('batch', entity() || batch_name) as "$JeBatchId", header_id as "$JeHeaderId", line_number::bigint as "JeLineNumber", combination as "AccountCombination",
    case when is_debit then amount_txn end as "EnteredDr", case when not is_debit then -amount_txn end as "EnteredCr", case when is_debit then amount_func end as "AccountedDr",
    case when not is_debit then -amount_func end as "AccountedCr", currency_txn as "CurrencyCode", case when currency_txn = ledger_currency() then 'User' else 'Corporate' end as "UserCurrencyConversionType",
    journal_date as "CurrencyConversionDate", case when amount_txn = 0 then 1 else round(amount_func / amount_txn, 12) end::decimal(28, 12) as "CurrencyConversionRate", line_description as "Description",
    entity_name() || ' COA' as "ChartOfAccountsName", null::decimal(20, 4) as "StatAmount", null::varchar as "ReconciliationReference",
    case when source = 'Manual' then 'general.accountant' else 'FUSION_APPS_FIN_ESS_APPID' end as "CreatedBy", prepared_at as "CreationDate", 'FUSION_APPS_FIN_ESS_APPID' as "LastUpdatedBy",
    case when is_posted then recorded_at else prepared_at end as "LastUpdateDate", journal_date as "$EffectiveDate", is_posted as "$IsPosted"
from build.journal_line;

-- Accounts: combinations that journals use, values of the segments with their descriptions.
create view wire."accountCombinationsLOV" as
select oracle_id('combination', combination) as "_CODE_COMBINATION_ID", chart_id() as "_CHART_OF_ACCOUNTS_ID",
    case a.class when 'asset' then 'A' when 'liability' then 'L' when 'equity' then 'O' when 'revenue' then 'R' else 'E' end as "AccountType", upper(a.type) as "FinancialCategory", 'Y' as "EnabledFlag", 'N' as "SummaryFlag",
    'Y' as "DetailPostingAllowedFlag", 'Y' as "DetailBudgetingAllowedFlag", 'N' as "JgzzReconFlag", null::date as "StartDateActive", null::date as "EndDateActive",
    split_part(combination, '-', 1) as company, split_part(combination, '-', 2) as account, split_part(combination, '-', 3) as "costCenter", split_part(combination, '-', 4) as product,
    split_part(combination, '-', 5) as campaign, split_part(combination, '-', 6) as intercompany, split_part(combination, '-', 7) as future1, combination as "$AccountCombination"
from (select distinct combination, account_code from build.journal_line) l join known.account a using (account_code);

create view build.segment_value as
select 'COMPANY' as segment, company_of(entity()) as value, entity_name() as description, null as account_type, timestamp '2020-01-01' as changed_at
union all select 'ACCOUNT', account_code, name, case class when 'asset' then 'A' when 'liability' then 'L' when 'equity' then 'O' when 'revenue' then 'R' else 'E' end, created_at from known.account
union all select 'COST_CENTER', cost_center_of(department_id), name, null, timestamp '2020-01-01' from known.department
union all select 'PRODUCT', replace(sku, '-', ''), name, null, timestamp '2020-01-01' from known.product
union all select 'CAMPAIGN', campaign_of(campaign_id), name, null, changed_at from known.campaign
union all select 'INTERCOMPANY', company_of(entity_id), name, null, timestamp '2020-01-01' from meridian.company.entity where entity_id <> entity();
create view wire."valueSets" as
select distinct oracle_id('value set', segment) as "ValueSetId", 'MERIDIAN_' || segment as "ValueSetCode", 'Meridian ' || lower(replace(segment, '_', ' ')) as "Description", 'Independent' as "ValidationType" from build.segment_value;
create view wire."values" as
select oracle_id('value set', segment) as "$ValueSetId", oracle_id('value', segment || value) as "ValueId", value as "Value", null::varchar as "TranslatedValue", description as "Description", 'Y' as "EnabledFlag", 'N' as "SummaryFlag", account_type as "AccountType",
    null::date as "StartDateActive", null::date as "EndDateActive", timestamp '2020-01-01' as "CreationDate", changed_at as "LastUpdateDate"
from build.segment_value;

create view wire."ledgersLOV" as
select ledger_id() as "LedgerId", ledger_name() as "Name", ledger_name() as "LedgerName", 'Books of ' || name as "Description", currency as "CurrencyCode", chart_id() as "ChartOfAccountsId", 'PRIMARY' as "LedgerCategoryCode",
    'L' as "LedgerTypeCode", 'Ledger' as "LedgerType", 'Meridian Calendar' as "PeriodSetName", 'Meridian Calendar' as "AccountingCalendar", 'Month' as "AccountedPeriodType", false as "EnableBudgetaryControlFlag"
from known.entity;
create view wire."chartOfAccountsLOV" as
select oracle_id('chart', entity()) as "StructureInstanceId", chart_id() as "StructureInstanceNumber", 'MERIDIAN_COA' as "StructureInstanceCode", entity_name() || ' COA' as "Name", null::varchar as "Description", 'Y' as "EnabledFlag";

-- Periods: from the opening balance to the end of the year; a month is closed 45 days after its end, when late entries are in.
create view build.period as
select month::date as first_day, last_day(month) as last_day from generate_series(
    (select date_trunc('month', min(journal_date)) from build.journal), date_trunc('year', horizon()) + interval 11 month, interval 1 month) t (month);
create view wire."accountingPeriodsLOV" as
select 'Meridian Calendar' as "PeriodSetNameId", period_of(first_day) as "PeriodNameId", period_of(first_day) as "EnteredPeriodName", 'Month' as "PeriodType", year(first_day) as "PeriodYear", month(first_day) as "PeriodNumber",
    first_day as "StartDate", last_day as "EndDate", false as "AdjustmentPeriodFlag"
from build.period;
create view wire."accountingPeriodStatusLOV" as
select period_of(first_day) as "PeriodNameId", application_id as "ApplicationId", ledger_id() as "LedgerId",
    case when first_day > horizon()::date then 'N' when last_day + 45 < horizon()::date then 'C' else 'O' end as "ClosingStatus", year(first_day) * 10000 + month(first_day) as "EffectivePeriodNumber", year(first_day) as "PeriodYear",
    month(first_day) as "PeriodNumber", first_day as "StartDate", last_day as "EndDate", false as "AdjustmentPeriodFlag"
from build.period cross join (values (101), (200), (222)) a (application_id);

-- Balances of combinations by period: what belongs to the year's result starts at zero each year, retained earnings take it over.
create view build.movement as
select date_trunc('month', l.journal_date)::date as month, l.combination, a.class in ('revenue', 'expense') as is_result, l.currency_txn as currency, sum(l.amount_func) as amount_func, sum(l.amount_txn) as amount_txn
from build.journal_line l join known.account a using (account_code) where l.is_posted group by all;
create view wire."ledgerBalances" as
with currencies as (
    select month, combination, is_result, ledger_currency() as currency, 'Total' as currency_type, sum(amount_func) as amount from build.movement group by all
    union all
    select month, combination, is_result, currency, 'Entered', sum(amount_txn) from build.movement where currency <> ledger_currency() group by all
),
-- The result of a year goes to retained earnings when the next one opens.
closed as (
    select make_date(year(month) + 1, 1, 1) as month, combination('3200', null, '0000', null, null) as combination, currency, currency_type, sum(amount) as brought_forward
    from currencies where is_result group by all
),
grid as (
    select p.first_day as month, c.combination, c.is_result, c.currency, c.currency_type
    from build.period p join (select combination, is_result, currency, currency_type, min(month) as first_month from currencies group by all
                              union select combination, false, currency, currency_type, min(month) from closed group by all) c on p.first_day >= c.first_month and p.first_day <= horizon()::date
),
summed as (
    select g.month, g.combination, g.currency, g.currency_type,
        coalesce((select sum(amount) from currencies x where x.combination = g.combination and x.currency = g.currency and x.currency_type = g.currency_type and x.month < g.month
                  and (not g.is_result or year(x.month) = year(g.month))), 0)
        + coalesce((select sum(brought_forward) from closed y where y.combination = g.combination and y.currency = g.currency and y.currency_type = g.currency_type and y.month <= g.month), 0) as beginning,
        coalesce((select sum(amount) from currencies x where x.combination = g.combination and x.currency = g.currency and x.currency_type = g.currency_type and x.month = g.month), 0) as activity
    from (select month, combination, currency, currency_type, bool_and(is_result) as is_result from grid group by all) g
)
select period_of(month) as "$Period", month as "$Month", combination as "$Combination", currency as "Currency", currency_type as "CurrencyType", beginning as "$Beginning", activity as "$Activity"
from summed where beginning <> 0 or activity <> 0;

-- Payables. A bill with a mistake was coded to professional fees until it was corrected: its distribution is reversed and entered anew.
create view build.bill as
select d.*, oracle_id('invoice', d.document_id) as invoice_id, case d.kind when 'purchase' then 1 else -1 end as sign, v.name as supplier, t.edited_at is not null as is_mistaken,
    d.voided_at is not null as is_canceled, 1 / d.fx_rate as rate
from known.document d join meridian.company.document t using (document_id) left join known.vendor v on v.vendor_id = d.vendor_id
where d.kind in ('purchase', 'purchase_credit') and d.deleted_at is null;
create view build.bill_line as
select d.document_id, l.line_number::bigint as line_number, 'Item' as line_type, l.description, l.quantity, l.unit_price, l.net_amount as amount, l.tax_type, l.account_code,
    combination(l.account_code, l.department_id, product_of(l.product_id), l.campaign_id, d.partner_entity_id) as combination,
    combination('6500', l.department_id, product_of(l.product_id), l.campaign_id, d.partner_entity_id) as mistaken, l.line_number + 1 as journal_line, l.document_line_id as line_key
from build.bill d join known.document_line l using (document_id)
union all
select d.document_id, (select max(line_number) + 1 from known.document_line l where l.document_id = d.document_id), 'Tax', 'Consumption tax', null, null, d.tax, null, '2100',
    combination('2100', null, '0000', null, d.partner_entity_id), null, (select max(line_number) + 2 from known.document_line l where l.document_id = d.document_id), d.document_id || '-tax'
from build.bill d where d.tax <> 0;

create view wire."invoices" as
select invoice_id as "InvoiceId", reference as "InvoiceNumber", currency as "InvoiceCurrency", currency as "PaymentCurrency", case when is_canceled then 0 else sign * total end as "InvoiceAmount", issue_date as "InvoiceDate",
    business_unit() as "BusinessUnit", entity_name() as "LegalEntity", supplier as "Supplier", supplier_number(vendor_id) as "SupplierNumber", 'MAIN' as "SupplierSite", case kind when 'purchase' then 'Standard' else 'Credit memo' end as "InvoiceType",
    'Manual invoice entry' as "InvoiceSource", number as "VoucherNumber", case when partner_entity_id is not null then 'Intercompany' end as "Description", case when is_draft then 'Not validated' when is_canceled then 'Canceled' else 'Validated' end as "ValidationStatus",
    case when is_draft then 'Required' else 'Workflow approved' end as "ApprovalStatus", case when is_canceled or (open_amount = 0 and not is_draft) then 'Paid' when paid + credited > 0 then 'Partially paid' else 'Unpaid' end as "PaidStatus",
    case when is_draft then 'Unaccounted' else 'Accounted' end as "AccountingStatus", issue_date as "AccountingDate", 'Net ' || (due_date - issue_date) as "PaymentTerms", issue_date as "TermsDate", 'Electronic' as "PaymentMethod",
    combination(control_account(kind, partner_entity_id), null, '0000', null, partner_entity_id) as "LiabilityDistribution", case when is_draft or is_canceled then 0 else sign * (total - open_amount) end as "AmountPaid",
    case when currency <> ledger_currency() then rate::decimal(28, 12) end as "ConversionRate", case when currency <> ledger_currency() then issue_date end as "ConversionDate",
    case when currency <> ledger_currency() then 'Corporate' end as "ConversionRateType", case when currency <> ledger_currency() and not is_canceled then sign * round(total * rate) end as "BaseAmount",
    is_canceled as "CanceledFlag", voided_at::date as "CanceledDate", case when is_canceled then 'payables.clerk' end as "CanceledBy", null::varchar as "PurchaseOrderNumber", 'payables.clerk' as "CreatedBy", recorded_at as "CreationDate",
    'payables.clerk' as "LastUpdatedBy", changed_at as "LastUpdateDate"
from build.bill;
create view wire."invoiceLines" as
select d.invoice_id as "$InvoiceId", line_number as "LineNumber", line_type as "LineType", case when is_canceled then 0 else sign * amount end as "LineAmount",
    case when d.currency <> ledger_currency() and not is_canceled then sign * round(amount * rate) end as "BaseAmount", l.description as "Description", quantity as "Quantity", unit_price as "UnitPrice", d.issue_date as "AccountingDate",
    case l.tax_type when 'input' then 'JP STANDARD' when 'zero' then 'JP ZERO' when 'none' then 'EXEMPT' end as "TaxClassification", case when line_type = 'Tax' then 'JP STANDARD RATE' end as "TaxRateCode",
    case when is_mistaken and edited_at is null and line_type = 'Item' then mistaken else combination end as "DistributionCombination", is_canceled as "CanceledFlag", is_canceled as "DiscardedFlag",
    'payables.clerk' as "CreatedBy", d.recorded_at as "CreationDate", 'payables.clerk' as "LastUpdatedBy", greatest(d.recorded_at, coalesce(d.edited_at, d.recorded_at), coalesce(d.voided_at, d.recorded_at)) as "LastUpdateDate"
from build.bill_line l join build.bill d using (document_id);
create view wire."invoiceDistributions" as
with steps as (
    -- what was entered first, its reversal by a correction or a cancellation, what was entered anew
    select document_id, 1 as step, 1 as step_sign, recorded_at as at_time, edited_at is not null or is_canceled as is_reversed, is_mistaken as is_first from build.bill
    union all select document_id, 2, -1, coalesce(edited_at, voided_at), true, is_mistaken from build.bill where edited_at is not null or is_canceled
    union all select document_id, 3, 1, edited_at, is_canceled, false from build.bill where edited_at is not null
)
select d.invoice_id as "$InvoiceId", l.line_number as "$LineNumber", oracle_id('distribution', line_key || '-' || step) as "InvoiceDistributionId", step as "DistributionLineNumber",
    case line_type when 'Item' then 'Item' else 'Recoverable tax' end as "DistributionLineType", step_sign * sign * amount as "DistributionAmount",
    case when d.currency <> ledger_currency() then step_sign * (select abs(j.amount_func) * sign(j.amount_func) from meridian.company.journal_line j where j.journal_id = 'jnl-' || d.document_id and j.line_number = l.journal_line) end as "BaseAmount",
    l.description as "Description", d.issue_date as "AccountingDate", case when d.is_draft then 'Unprocessed' else 'Accounted' end as "AccountingStatus",
    case when is_first and line_type = 'Item' then mistaken else combination end as "DistributionCombination", d.is_canceled as "CanceledFlag", is_reversed as "ReversedFlag",
    case when line_type = 'Tax' then 'JP CONSUMPTION TAX' end as "TaxName", 'payables.clerk' as "CreatedBy", s.at_time as "CreationDate", 'payables.clerk' as "LastUpdatedBy",
    greatest(s.at_time, coalesce(d.edited_at, s.at_time), coalesce(d.voided_at, s.at_time)) as "LastUpdateDate"
from steps s join build.bill d using (document_id) join build.bill_line l using (document_id);
create view wire."invoiceInstallments" as
select invoice_id as "$InvoiceId", 1::bigint as "InstallmentNumber", due_date as "DueDate", case when is_canceled then 0 else sign * total end as "GrossAmount",
    case when is_canceled then 0 when is_draft then sign * total else sign * open_amount end as "UnpaidAmount", 'Electronic' as "PaymentMethod", 99::bigint as "PaymentPriority", false as "HoldFlag", null::varchar as "HoldReason",
    'payables.clerk' as "CreatedBy", recorded_at as "CreationDate", 'payables.clerk' as "LastUpdatedBy", changed_at as "LastUpdateDate"
from build.bill;

-- Payments are cleared by the bank's statement five days later. Refunds of credit memos go out through Payables.
create view build.payment as
select p.*, d.kind, d.number, d.partner_entity_id, d.customer_id, d.vendor_id, coalesce(c.name, v.name, e.name) as party, oracle_id('payment', p.payment_id) as id,
    case when p.deleted_at is null and p.recorded_at + interval 5 day <= horizon() then p.recorded_at + interval 5 day end as cleared_at
from known.payment p join known.document d using (document_id) left join known.customer c using (customer_id) left join known.vendor v using (vendor_id)
left join meridian.company.entity e on e.entity_id = d.partner_entity_id;
create view wire."payablesPayments" as
select id as "CheckId", id as "PaymentId", payment_number(payment_id) as "PaymentNumber", payment_date as "PaymentDate", payment_date as "AccountingDate", amount_txn as "PaymentAmount", currency as "PaymentCurrency",
    case when currency <> ledger_currency() then amount_func end as "PaymentBaseAmount", case when currency <> ledger_currency() then (1 / fx_rate)::decimal(28, 12) end as "ConversionRate",
    case when deleted_at is not null then 'Voided' when cleared_at is not null then 'Cleared' else 'Negotiable' end as "PaymentStatus", case kind when 'sale_credit' then 'Refund' else 'Quick' end as "PaymentType", 'Electronic' as "PaymentMethod", party as "Payee",
    'MAIN' as "PayeeSite", case when kind <> 'sale_credit' then supplier_number(vendor_id) end as "SupplierNumber", reference as "PaymentDescription", 'Operating account ' || bank_account_code as "DisbursementBankAccountName",
    combination(bank_account_code, null, '0000', null, null) as "CashAccountCombination", business_unit() as "BusinessUnit", entity_name() as "LegalEntity", cleared_at::date as "ClearingDate", cleared_at is not null as "ReconciledFlag",
    deleted_at::date as "VoidDate", 'payables.clerk' as "CreatedBy", recorded_at as "CreationDate", 'payables.clerk' as "LastUpdatedBy", greatest(changed_at, coalesce(cleared_at, changed_at)) as "LastUpdateDate"
from build.payment where kind <> 'sale';
create view wire."relatedInvoices" as
select p.id as "$CheckId", oracle_id('invoice payment', p.payment_id) as "InvoicePaymentId", p.id as "CheckId", oracle_id('invoice', p.document_id) as "InvoiceId", b.reference as "InvoiceNumber", 1::bigint as "InstallmentNumber",
    p.amount_txn as "AmountPaidPaymentCurrency", p.amount_txn as "AmountPaidInvoiceCurrency", b.total as "InvoiceAmount", p.currency as "InvoiceCurrency", p.amount_func as "PaymentBaseAmount",
    case when p.deleted_at is null then 'Paid' else 'Voided' end as "InvoicePaymentStatus", p.recorded_at as "CreationDate", p.changed_at as "LastUpdateDate"
from build.payment p join build.bill b using (document_id);

-- Receivables. A posted invoice that was wrong is credited in full; an incomplete one can be deleted, and leaves no trace. What is paid changes the
-- balance and the installment of an invoice, not the invoice's own moment of change.
create view build.sale as
select d.*, oracle_id('transaction', d.document_id) as id, coalesce(c.name, e.name) as customer, customer_number(coalesce(d.customer_id, d.partner_entity_id)) as customer_number, 1 / d.fx_rate as rate
from known.document d left join known.customer c using (customer_id) left join meridian.company.entity e on e.entity_id = d.partner_entity_id
where d.kind in ('sale', 'sale_credit') and d.deleted_at is null;
create view wire."receivablesInvoices" as
select id as "CustomerTransactionId", number as "TransactionNumber", issue_date as "TransactionDate", 'Invoice' as "TransactionType", 'Manual' as "TransactionSource", currency as "InvoiceCurrencyCode", total as "EnteredAmount",
    case when is_draft then total else open_amount end as "InvoiceBalanceAmount", case when is_draft then 'Incomplete' else 'Complete' end as "InvoiceStatus", due_date as "DueDate", case when is_draft then null else issue_date end as "AccountingDate",
    case when currency <> ledger_currency() then rate::decimal(28, 12) end as "ConversionRate", case when currency <> ledger_currency() then 'Corporate' end as "ConversionRateType",
    case when currency <> ledger_currency() then issue_date end as "ConversionDate", customer as "BillToCustomerName", customer_number as "BillToCustomerNumber", '1' as "BillToSite", business_unit() as "BusinessUnit",
    entity_name() as "LegalEntityIdentifier", 'Net ' || (due_date - issue_date) as "PaymentTerms", reference as "PurchaseOrder", null::varchar as "Comments", 'receivables.clerk' as "CreatedBy", recorded_at as "CreationDate",
    'receivables.clerk' as "LastUpdatedBy", greatest(recorded_at, coalesce(edited_at, recorded_at), coalesce(voided_at, recorded_at)) as "LastUpdateDate"
from build.sale where kind = 'sale';
create view wire."receivablesInvoiceLines" as
select d.id as "$CustomerTransactionId", oracle_id('transaction line', l.document_line_id) as "CustomerTransactionLineId", l.line_number::bigint as "LineNumber", l.description as "Description", p.sku as "ItemNumber", null::varchar as "MemoLine",
    l.net_amount as "LineAmount", l.quantity as "Quantity", l.unit_price as "UnitSellingPrice", 'Each' as "UnitOfMeasure", case when l.service_start_date is not null then 'Daily ratable' end as "AccountingRule",
    l.service_start_date as "RuleStartDate", l.service_end_date as "RuleEndDate", case l.tax_type when 'output' then 'JP STANDARD' when 'zero' then 'JP ZERO' when 'none' then 'EXEMPT' end as "TaxClassificationCode",
    'receivables.clerk' as "CreatedBy", d.recorded_at as "CreationDate", d.recorded_at as "LastUpdateDate"
from build.sale d join known.document_line l using (document_id) left join known.product p using (product_id) where d.kind = 'sale';
create view build.sale_posting as
select d.id, d.kind, j.line_number::bigint as line_number, j.amount_func, j.amount_txn, j.account_code, a.type, combination(j.account_code, j.department_id, product_of(j.product_id), j.campaign_id, j.partner_entity_id) as combination, d.recorded_at
from build.sale d join known.journal k on k.journal_id = 'jnl-' || d.document_id join known.journal_line j on j.journal_id = k.journal_id join known.account a on a.account_code = j.account_code;
create view wire."receivablesInvoiceDistributions" as
select id as "$CustomerTransactionId", oracle_id('transaction distribution', id || '-' || line_number) as "DistributionId", case type when 'receivable' then 'Receivable' when 'tax' then 'Tax' when 'deferred_revenue' then 'Unearned revenue' else 'Revenue' end as "AccountClass",
    combination as "AccountCombination", case type when 'receivable' then amount_func else -amount_func end as "AccountedAmount", case type when 'receivable' then amount_txn else -amount_txn end as "Amount",
    case when type not in ('receivable', 'tax') then line_number - 1 end as "InvoiceLineNumber", case when type = 'tax' then 1::bigint end as "DetailedTaxLineNumber", 100::bigint as "Percent", recorded_at as "CreationDate", recorded_at as "LastUpdateDate"
from build.sale_posting where kind = 'sale';
create view wire."receivablesInvoiceInstallments" as
select id as "$CustomerTransactionId", oracle_id('installment', document_id) as "InstallmentId", 1::bigint as "InstallmentSequenceNumber", due_date as "InstallmentDueDate", total as "OriginalAmount", case when is_draft then total else open_amount end as "InstallmentBalanceDue",
    round(case when is_draft then total else open_amount end * rate) as "AccountedBalanceDue", paid as "AmountPaid", -credited as "InstallmentAmountCredited", case when open_amount = 0 and not is_draft then 'Closed' else 'Open' end as "InstallmentStatus",
    recorded_at as "CreationDate", changed_at as "LastUpdateDate"
from build.sale where kind = 'sale';
create view wire."receivablesCreditMemos" as
select id as "CustomerTransactionId", s.number as "TransactionNumber", issue_date as "TransactionDate", 'Credit Memo' as "TransactionType", 'Manual' as "TransactionSource", currency as "CreditMemoCurrency", -total as "EnteredAmount", -open_amount as "TransactionBalanceDue",
    'Complete' as "CreditMemoStatus", null::varchar as "CreditReason", issue_date as "AccountingDate", customer as "BillToCustomerName", customer_number as "BillToCustomerNumber", '1' as "BillToSite", business_unit() as "BusinessUnit",
    o.number as "CreditMemoComments", 'receivables.clerk' as "CreatedBy", s.recorded_at as "CreationDate", 'receivables.clerk' as "LastUpdatedBy", s.recorded_at as "LastUpdateDate"
from build.sale s left join (select document_id as credits_document_id, number from known.document) o using (credits_document_id) where kind = 'sale_credit'
union all
select oracle_id('credit of', document_id), number || '-CM', issue_date, 'Credit Memo', 'Manual', currency, -total, 0, 'Complete', 'Invoiced in error', issue_date, customer, customer_number, '1', business_unit(), number, 'receivables.clerk', voided_at,
    'receivables.clerk', voided_at
from build.sale where kind = 'sale' and voided_at is not null;
create view wire."receivablesCreditMemoLines" as
select d.id as "$CustomerTransactionId", oracle_id('transaction line', l.document_line_id) as "CustomerTransactionLineId", l.line_number::bigint as "LineNumber", l.description as "LineDescription", p.sku as "ItemNumber", -l.net_amount as "LineAmountCredit",
    -l.quantity as "LineQuantityCredit", l.unit_price as "UnitSellingPrice", case l.tax_type when 'output' then 'JP STANDARD' when 'zero' then 'JP ZERO' when 'none' then 'EXEMPT' end as "TaxClassificationCode", d.recorded_at as "CreationDate", d.recorded_at as "LastUpdateDate"
from build.sale d join known.document_line l using (document_id) left join known.product p using (product_id) where d.kind = 'sale_credit'
union all
select oracle_id('credit of', d.document_id), oracle_id('credit of line', l.document_line_id), l.line_number::bigint, l.description, p.sku, -l.net_amount, -l.quantity, l.unit_price,
    case l.tax_type when 'output' then 'JP STANDARD' when 'zero' then 'JP ZERO' when 'none' then 'EXEMPT' end, d.voided_at, d.voided_at
from build.sale d join known.document_line l using (document_id) left join known.product p using (product_id) where d.kind = 'sale' and d.voided_at is not null;
create view wire."standardReceipts" as
select id as "StandardReceiptId", payment_number(payment_id)::varchar as "ReceiptNumber", payment_date as "ReceiptDate", payment_date as "AccountingDate", amount_txn as "Amount", amount_func as "AccountedAmount", case when deleted_at is null then 0 else amount_txn end as "UnappliedAmount",
    currency as "Currency", case when currency <> ledger_currency() then (1 / fx_rate)::decimal(28, 12) end as "ConversionRate", case when deleted_at is null then 'Applied' else 'Reversed' end as "Status",
    case when deleted_at is not null then 'Reversed' when cleared_at is not null then 'Cleared' else 'Remitted' end as "State", party as "CustomerName", customer_number(coalesce(customer_id, partner_entity_id)) as "CustomerAccountNumber", '1' as "CustomerSite",
    'Bank transfer' as "ReceiptMethod", 'Operating account ' || bank_account_code as "RemittanceBankAccountNumber", business_unit() as "BusinessUnit", entity_name() as "LegalEntity", deleted_at::date as "ReversalDate", case when deleted_at is not null then 'Keyed in error' end as "ReversalReason",
    reference as "Comments", 'receivables.clerk' as "CreatedBy", recorded_at as "CreationDate", 'receivables.clerk' as "LastUpdatedBy", greatest(changed_at, coalesce(cleared_at, changed_at)) as "LastUpdateDate"
from build.payment where kind = 'sale';
create view wire."remittanceReferences" as
select id as "$StandardReceiptId", oracle_id('remittance', payment_id) as "RemittanceReferenceId", 'Transaction number' as "ReceiptMatchBy", number as "ReferenceNumber", amount_txn as "ReferenceAmount", recorded_at as "CreationDate", changed_at as "LastUpdateDate"
from build.payment where kind = 'sale';

create view wire."suppliers" as
select oracle_id('supplier', vendor_id) as "SupplierId", name as "Supplier", supplier_number(vendor_id) as "SupplierNumber", case when partner_entity_id is null then 'Supplier' else 'Intercompany' end as "SupplierType", 'ACTIVE' as "Status", tax_id as "TaxpayerId",
    tax_id as "TaxRegistrationNumber", null::date as "InactiveDate", 'procurement.agent' as "CreatedBy", created_at as "CreationDate", 'procurement.agent' as "LastUpdatedBy", created_at as "LastUpdateDate"
from known.vendor;
create view wire."addresses" as
select oracle_id('supplier', vendor_id) as "$SupplierId", oracle_id('address', vendor_id) as "SupplierAddressId", 'HQ' as "AddressName", country as "CountryCode", null::varchar as "City", email as "Email", 'ACTIVE' as "Status", created_at as "CreationDate", created_at as "LastUpdateDate"
from known.vendor;
create view wire."sites" as
select oracle_id('supplier', vendor_id) as "$SupplierId", oracle_id('site', vendor_id) as "SupplierSiteId", 'MAIN' as "SupplierSite", business_unit() as "ProcurementBU", 'HQ' as "SupplierAddressName", currency as "InvoiceCurrencyCode", 'ACTIVE' as "Status",
    created_at as "CreationDate", created_at as "LastUpdateDate"
from known.vendor;

create view wire."currencyRates" as
select f.currency as "FromCurrency", t.currency as "ToCurrency", f.rate_date as "ConversionDate", 'Corporate' as "ConversionType", 'Corporate' as "UserConversionType", round(t.units_per_eur / f.units_per_eur, 12)::decimal(28, 12) as "ConversionRate"
from (select * from known.fx_rate union all select distinct rate_date, 'EUR', 1::decimal(18, 9), min(published_at) over (partition by rate_date) from known.fx_rate) f
join (select * from known.fx_rate union all select distinct rate_date, 'EUR', 1::decimal(18, 9), min(published_at) over (partition by rate_date) from known.fx_rate) t on t.rate_date = f.rate_date and t.currency <> f.currency;
