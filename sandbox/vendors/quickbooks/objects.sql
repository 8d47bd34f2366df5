-- The objects of every entity as JSON bodies: wire.object, one row an object, deleted ones as the stubs that change data capture tells.

create view wire.document_lines as
with lines as (
    select d.key, d.entity, l.line_number, l.description, l.account_code, l.product_id, l.service_start_date, d.issue_date,
        amount(l.net_amount * d.weight) as line_amount, (l.quantity * d.weight)::double as quantity, (l.unit_price * d.weight)::double as unit_price,
        case when d.is_mistaken then '6500' else l.account_code end as posted_code, coalesce(l.campaign_id, l.department_id) as class_key
    from main.document d join known.document_line l using (document_id)
),
written as (
    select l.key, l.line_number, case when l.entity in ('Invoice', 'CreditMemo') then present({
        'Id': l.line_number::varchar, 'LineNum': l.line_number, 'Description': l.description, 'Amount': l.line_amount, 'DetailType': 'SalesItemLineDetail',
        'SalesItemLineDetail': {
            'ItemRef': ref(i.id, i.label), 'ClassRef': ref(c.id, c.name), 'UnitPrice': l.unit_price, 'Qty': l.quantity, 'ServiceDate': l.service_start_date::varchar,
            -- Younger documents carry the account that they posted to; for older ones it is the item's.
            'ItemAccountRef': case when l.issue_date >= date '2025-01-01' then ref(a.id, a.name) end, 'TaxCodeRef': {'value': 'NON'}}
        }) else present({
        'Id': l.line_number::varchar, 'LineNum': l.line_number, 'Description': l.description, 'Amount': l.line_amount, 'DetailType': 'AccountBasedExpenseLineDetail',
        'AccountBasedExpenseLineDetail': {'AccountRef': ref(a.id, a.name), 'ClassRef': ref(c.id, c.name), 'BillableStatus': 'NotBillable', 'TaxCodeRef': {'value': 'NON'}}
        }) end as body
    from lines l join main.account a on a.code = l.posted_code left join main.class c on c.key = l.class_key left join main.item i on i.product_id = l.product_id and i.code = l.account_code
)
select key, list(body order by line_number) as lines from written group by key;
create table document_lines as from wire.document_lines limit 0;

create view wire.party_balance as
select p.id, sum(case d.kind when 'sale' then d.balance when 'purchase' then d.balance else -d.balance end) as balance, max(d.changed_at) as changed_at
from main.document d join main.party p on p.key = coalesce(d.customer_id, d.vendor_id) group by p.id;
create table party_balance as from wire.party_balance limit 0;
create view wire.account_balance as
select account_code as code, sum(amount_func) as balance, max(recorded_at) as changed_at from known.journal_line join known.journal using (journal_id) group by account_code;
create table account_balance as from wire.account_balance limit 0;

-- Bodies without what all objects have in common. active: null where an entity has no such flag.
create view wire.list_object as
select 'Account' as entity, a.id, 0 as changes, a.created_at, greatest(a.created_at, b.changed_at) as changed_at, true as active, present({
    'Name': a.name, 'SubAccount': false, 'FullyQualifiedName': a.name, 'AcctNum': a.code, 'Description': a.description, 'Active': true, 'Classification': a.classification,
    'AccountType': a.account_type, 'AccountSubType': a.account_sub_type, 'CurrentBalance': amount(case when a.class in ('asset', 'liability', 'equity') then coalesce(b.balance, 0) else 0 end),
    'CurrentBalanceWithSubAccounts': amount(case when a.class in ('asset', 'liability', 'equity') then coalesce(b.balance, 0) else 0 end), 'CurrencyRef': usd()}) as body
from main.account a left join main.account_balance b using (code)
union all
select 'Customer', p.id, 0, p.created_at, greatest(p.created_at, b.changed_at, by_then(m.churned_date + interval 180 day)), coalesce(m.churned_date + interval 180 day > horizon(), true), present({
    'DisplayName': p.name || case when m.churned_date + interval 180 day <= horizon() then ' (deleted)' else '' end, 'CompanyName': p.name, 'FullyQualifiedName': p.name, 'PrintOnCheckName': p.name,
    'Active': coalesce(m.churned_date + interval 180 day > horizon(), true), 'Taxable': false, 'Job': false, 'BillWithParent': false, 'IsProject': false,
    'PrimaryEmailAddr': {'Address': c.email}, 'PrimaryPhone': {'FreeFormNumber': c.phone}, 'ResaleNum': c.tax_id,
    'BillAddr': {'Id': p.id, 'Line1': c.street, 'City': c.city, 'PostalCode': c.postal_code, 'Country': c.country}, 'SalesTermRef': {'value': '2', 'name': 'Net 15'},
    'Balance': amount(coalesce(b.balance, 0)), 'BalanceWithJobs': amount(coalesce(b.balance, 0)), 'CurrencyRef': usd(), 'PreferredDeliveryMethod': 'Email'})
from main.party p join known.customer c on c.customer_id = p.key join meridian.company.customer m on m.customer_id = p.key left join main.party_balance b on b.id = p.id
union all
select 'Vendor', p.id, 0, p.created_at, greatest(p.created_at, b.changed_at), true, present({
    'DisplayName': p.name, 'CompanyName': p.name, 'PrintOnCheckName': p.name, 'Active': true, 'Vendor1099': false, 'TaxIdentifier': v.tax_id,
    'PrimaryEmailAddr': {'Address': v.email}, 'WebAddr': {'URI': 'http://' || v.domain}, 'BillAddr': {'Id': p.id, 'Country': v.country}, 'TermRef': {'value': '3', 'name': 'Net 30'},
    'Balance': amount(coalesce(b.balance, 0)), 'CurrencyRef': usd()})
from main.party p join known.vendor v on v.vendor_id = p.key left join main.party_balance b on b.id = p.id
union all
select 'Employee', p.id, 0, p.created_at, coalesce(by_then(e.left_date::timestamp), p.created_at), coalesce(e.left_date > horizon(), true), present({
    'GivenName': e.first_name, 'FamilyName': e.last_name, 'DisplayName': p.name, 'PrintOnCheckName': p.name, 'Title': e.job_title, 'HiredDate': e.hired_date::varchar,
    'ReleasedDate': case when e.left_date <= horizon() then e.left_date::varchar end, 'Active': coalesce(e.left_date > horizon(), true), 'BillableTime': false, 'PrimaryEmailAddr': {'Address': e.email}})
from main.party p join meridian.company.employee e on e.employee_id = p.key
union all
select 'Item', i.id, 0, born(), born(), true, present({
    'Name': i.label, 'Sku': i.sku || case i.kind when 'sale' then '' when 'credit' then '-CR' else '-WO' end, 'Description': i.description, 'Active': true,
    'FullyQualifiedName': case i.kind when 'sale' then i.label else i.name || ':' || i.label end, 'SubItem': i.kind <> 'sale', 'ParentRef': case when i.kind <> 'sale' then ref(m.id, m.label) end,
    'Level': case when i.kind <> 'sale' then 1 end, 'Taxable': false, 'UnitPrice': i.monthly_price::double, 'Type': 'Service', 'IncomeAccountRef': ref(a.id, a.name), 'PurchaseCost': 0, 'TrackQtyOnHand': false})
from main.item i join main.account a using (code) join main.item m on m.product_id = i.product_id and m.kind = 'sale'
union all
select 'Class', c.id, (c.changed_at > c.created_at)::integer, c.created_at, c.changed_at, true, present({
    'Name': c.name, 'SubClass': c.parent is not null, 'ParentRef': ref(m.id, m.name), 'FullyQualifiedName': case when m.id is null then c.name else m.name || ':' || c.name end, 'Active': true})
from main.class c left join main.class m on m.key = c.parent
union all
select 'Department', '1', 0, born(), born(), true, present({'Name': 'Main Office', 'SubDepartment': false, 'FullyQualifiedName': 'Main Office', 'Active': true})
union all
select 'Term', t.id, 0, born(), born(), true, present({'Name': t.name, 'Active': true, 'Type': 'STANDARD', 'DiscountPercent': 0, 'DueDays': t.days, 'DiscountDays': 0})
from (values ('1', 'Due on receipt', 0), ('2', 'Net 15', 15), ('3', 'Net 30', 30)) t (id, name, days)
union all
select 'TaxAgency', '1', 0, born(), born(), null, present({'DisplayName': 'California Department of Tax and Fee Administration', 'TaxTrackedOnSales': true, 'TaxTrackedOnPurchases': false})
union all
select 'TaxRate', '1', 0, born(), born(), true, present({
    'Name': 'Exempt', 'Description': 'Software as a service', 'Active': true, 'RateValue': 0, 'AgencyRef': {'value': '1'}, 'SpecialTaxType': 'NONE', 'DisplayType': 'ReadOnly', 'EffectiveTaxRate': [{'RateValue': 0}]})
union all
select 'TaxCode', c.id, 0, born(), born(), true, present({'Name': c.name, 'Description': c.name, 'Active': true, 'Taxable': c.taxable, 'TaxGroup': c.taxable,
    'SalesTaxRateList': case when c.taxable then {'TaxRateDetail': [{'TaxRateRef': {'value': '1', 'name': 'Exempt'}, 'TaxTypeApplicable': 'TaxOnAmount', 'TaxOrder': 0}]} end, 'PurchaseTaxRateList': {'TaxRateDetail': []}})
from (values ('NON', 'NON', false), ('TAX', 'TAX', true), ('2', 'California', true)) c (id, name, taxable)
union all
select 'CompanyInfo', '1', 0, born(), born(), null, present({
    'CompanyName': name, 'LegalName': name, 'CompanyStartDate': coalesce(acquired_date, born()::date)::varchar, 'FiscalYearStartMonth': monthname(make_date(2000, fiscal_year_end_month % 12 + 1, 1)), 'Country': country,
    'SupportedLanguages': 'en', 'Email': {'Address': 'finance@brightforms.example'}, 'NameValue': [{'Name': 'OfferingSku', 'Value': 'QuickBooks Online Advanced'}, {'Name': 'NeoEnabled', 'Value': 'true'}]})
from known.entity
union all
select 'Preferences', '1', 0, born(), born(), null, present({
    'AccountingInfoPrefs': {'UseAccountNumbers': true, 'FirstMonthOfFiscalYear': monthname(make_date(2000, fiscal_year_end_month % 12 + 1, 1)), 'TaxYearMonth': 'January', 'ClassTrackingPerTxn': false,
        'ClassTrackingPerTxnLine': true, 'TrackDepartments': true, 'DepartmentTerminology': 'Location', 'CustomerTerminology': 'Customers', 'TaxForm': '6'},
    'CurrencyPrefs': {'MultiCurrencyEnabled': false, 'HomeCurrency': {'value': currency}}, 'ReportPrefs': {'ReportBasis': 'Accrual', 'CalcAgingReportFromTxnDate': true},
    'SalesFormsPrefs': {'CustomTxnNumbers': true, 'AllowDeposit': false, 'AllowDiscount': false, 'AllowShipping': false, 'AutoApplyCredit': false, 'DefaultTerms': {'value': '2'}},
    'VendorAndPurchasesPrefs': {'TrackingByCustomer': true, 'BillableExpenseTracking': true}, 'TaxPrefs': {'UsingSalesTax': true, 'PartnerTaxEnabled': true}})
from known.entity
union all
select 'Budget', row_number() over (order by b.created_at, b.budget_id)::varchar, 0, b.created_at, b.created_at, true, present({
    'Name': b.name, 'StartDate': min(l.month)::varchar, 'EndDate': last_day(max(l.month))::varchar, 'BudgetType': 'ProfitAndLoss', 'BudgetEntryType': 'Monthly', 'Active': true,
    'BudgetDetail': list(present({'BudgetDate': l.month::varchar, 'Amount': amount(l.amount), 'AccountRef': ref(a.id, a.name), 'ClassRef': ref(c.id, c.name)}) order by l.month, a.code, l.department_id)})
from known.budget b join known.budget_line l using (budget_id) join main.account a on a.code = l.account_code left join main.class c on c.key = l.department_id group by b.budget_id, b.name, b.created_at;
create table list_object as from wire.list_object limit 0;

-- Payments; a sibling's deletion may change what a payment is applied to.
create view wire.payment as
select p.*, t.id, t.entity, t.created_at, t.deleted_at as gone_at, d.kind, d.customer_id, d.vendor_id, n.id as document_key, coalesce(a.applied, 0) as applied, q.id as party_id, q.name as party_name,
    (select max(s.deleted_at) from known.payment s where s.document_id = p.document_id and s.payment_id <> p.payment_id and s.deleted_at > p.recorded_at) as sibling_at,
    kv.id as control_id, kv.name as control_name
from known.payment p join main.txn t on t.key = p.payment_id join known.document d using (document_id) left join main.document_now n using (document_id) left join main.applied a using (payment_id)
join main.party q on q.key = coalesce(d.customer_id, d.vendor_id)
join main.account kv on kv.code = case when d.kind like 'sale%' then '1100' when d.partner_entity_id is not null then '2050' else '2000' end;
create table payment as from wire.payment limit 0;

create view wire.txn_object as
select d.entity, d.id, d.changes, d.created_at, d.changed_at, d.issue_date as txn_date, d.number as doc_number, case when d.kind like 'sale%' then present({
    'DocNumber': d.number, 'TxnDate': d.issue_date::varchar, 'DueDate': case d.kind when 'sale' then d.due_date::varchar end, 'CurrencyRef': usd(), 'DepartmentRef': {'value': '1', 'name': 'Main Office'},
    'CustomerRef': ref(p.id, p.name), 'PrivateNote': case when d.voided_at is not null then 'Voided' when d.is_draft then 'Draft' end,
    'CustomField': case when d.reference is not null then [{'DefinitionId': '1', 'Name': 'Opportunity', 'Type': 'StringType', 'StringValue': d.reference}] else [] end,
    'Line': list_append(l.lines, present({'Amount': amount(d.subtotal * d.weight), 'DetailType': 'SubTotalLineDetail', 'SubTotalLineDetail': {'ItemRef': null}})), 'TxnTaxDetail': {'TotalTax': amount(d.tax * d.weight)},
    'TotalAmt': amount(d.total * d.weight), 'Balance': amount(d.balance), 'RemainingCredit': case d.kind when 'sale_credit' then amount(d.balance) end, 'ApplyTaxAfterDiscount': false,
    'SalesTermRef': case d.kind when 'sale' then {'value': '2', 'name': 'Net 15'} end, 'EmailStatus': case d.kind when 'sale' then 'EmailSent' else 'NotSet' end, 'PrintStatus': 'NotSet',
    'BillEmail': {'Address': c.email}, 'BillAddr': {'Id': p.id, 'Line1': c.street, 'City': c.city, 'PostalCode': c.postal_code, 'Country': c.country}, 'LinkedTxn': coalesce(k.linked, [])
    }) else present({
    'DocNumber': d.number, 'TxnDate': d.issue_date::varchar, 'DueDate': case d.kind when 'purchase' then d.due_date::varchar end, 'CurrencyRef': usd(), 'DepartmentRef': {'value': '1', 'name': 'Main Office'},
    'VendorRef': ref(p.id, p.name), 'APAccountRef': ref(a.id, a.name), 'PrivateNote': case when d.voided_at is not null then 'Voided' when d.is_draft then 'Draft' else d.reference end, 'Line': l.lines,
    'TotalAmt': amount(d.total * d.weight), 'Balance': amount(d.balance), 'SalesTermRef': case d.kind when 'purchase' then {'value': '3', 'name': 'Net 30'} end, 'LinkedTxn': coalesce(k.linked, [])
    }) end as body
from main.document d join main.document_lines l using (key) join main.party p on p.key = coalesce(d.customer_id, d.vendor_id) left join known.customer c on c.customer_id = d.customer_id
left join main.links k on k.document_id = d.document_id join main.account a on a.code = case when d.partner_entity_id is not null then '2050' else '2000' end
union all
select p.entity, p.id, (p.sibling_at is not null)::integer, p.created_at, coalesce(p.gone_at, p.sibling_at, p.created_at), p.payment_date, null, case p.kind when 'sale' then present({
    'TxnDate': p.payment_date::varchar, 'CustomerRef': ref(p.party_id, p.party_name), 'CurrencyRef': usd(), 'PaymentRefNum': left(p.reference, 21), 'PaymentMethodRef': {'value': case when is_held(p.customer_id) then '2' else '5' end},
    'DepositToAccountRef': ref(b.id, b.name), 'TotalAmt': amount(p.amount_txn), 'UnappliedAmt': amount(p.amount_txn - p.applied), 'ProcessPayment': false,
    'Line': case when p.applied > 0 then [present({'Amount': amount(p.applied), 'LinkedTxn': [{'TxnId': p.document_key, 'TxnType': 'Invoice'}],
        'LineEx': {'any': [{'name': '{http://schema.intuit.com/finance/v3}NameValue', 'nil': false, 'value': {'Name': 'txnId', 'Value': p.document_key}, 'declaredType': 'com.intuit.schema.finance.v3.NameValue',
            'scope': 'javax.xml.bind.JAXBElement$GlobalScope', 'globalScope': true, 'typeSubstituted': false}]}})] else [] end
    }) when 'sale_credit' then present({
    'TxnDate': p.payment_date::varchar, 'PaymentType': 'Check', 'AccountRef': ref(b.id, b.name), 'EntityRef': {'value': p.party_id, 'name': p.party_name, 'type': 'Customer'}, 'CurrencyRef': usd(), 'DocNumber': 'CHK' || p.id,
    'PrivateNote': p.reference, 'PrintStatus': 'NotSet', 'Credit': false, 'TotalAmt': amount(p.amount_txn), 'PurchaseEx': {'any': []}, 'DepartmentRef': {'value': '1', 'name': 'Main Office'},
    'Line': [present({'Id': '1', 'Description': p.reference, 'Amount': amount(p.amount_txn), 'DetailType': 'AccountBasedExpenseLineDetail', 'AccountBasedExpenseLineDetail': {
        'AccountRef': ref(p.control_id, p.control_name), 'CustomerRef': ref(p.party_id, p.party_name), 'BillableStatus': 'NotBillable', 'TaxCodeRef': {'value': 'NON'}}})],
    'LinkedTxn': (select [{'TxnId': t.id, 'TxnType': 'Payment'}] from main.txn t where t.key = p.payment_id || '/set-off')
    }) else present({
    'TxnDate': p.payment_date::varchar, 'VendorRef': ref(p.party_id, p.party_name), 'CurrencyRef': usd(), 'APAccountRef': ref(p.control_id, p.control_name), 'PrivateNote': p.reference, 'TotalAmt': amount(p.amount_txn),
    'PayType': case when is_card_paid(p.vendor_id) then 'CreditCard' else 'Check' end, 'DepartmentRef': {'value': '1', 'name': 'Main Office'},
    'CheckPayment': case when not is_card_paid(p.vendor_id) then {'BankAccountRef': ref(b.id, b.name), 'PrintStatus': 'NotSet'} end, 'CreditCardPayment': case when is_card_paid(p.vendor_id) then {'CCAccountRef': ref(b.id, b.name)} end,
    'Line': case when p.applied > 0 then [{'Amount': amount(p.applied), 'LinkedTxn': [{'TxnId': p.document_key, 'TxnType': 'Bill'}]}] else [] end}) end
from main.payment p join main.account b on b.code = case when p.kind = 'sale' and is_held(p.customer_id) then '1050' when p.kind = 'purchase' and is_card_paid(p.vendor_id) then '2010' else p.bank_account_code end
union all
select t.entity, t.id, 0, t.created_at, coalesce(t.deleted_at, t.created_at), p.payment_date, null, case t.entity when 'Deposit' then present({
    'TxnDate': p.payment_date::varchar, 'DepositToAccountRef': ref(b.id, b.name), 'CurrencyRef': usd(), 'TotalAmt': amount(p.amount_txn), 'DepartmentRef': {'value': '1', 'name': 'Main Office'},
    'Line': [{'Id': '1', 'LineNum': 1, 'Amount': amount(p.amount_txn), 'LinkedTxn': [{'TxnId': p.id, 'TxnType': 'Payment', 'TxnLineId': '0'}]}]
    }) when 'CreditCardPayment' then present({
    'TxnDate': p.payment_date::varchar, 'Amount': amount(p.amount_txn), 'BankAccountRef': ref(b.id, b.name), 'CreditCardAccountRef': (select ref(c.id, c.name) from main.account c where c.code = '2010'), 'CurrencyRef': usd(),
    'PrivateNote': p.reference
    }) else present({
    'TxnDate': p.payment_date::varchar, 'CustomerRef': ref(p.party_id, p.party_name), 'CurrencyRef': usd(), 'TotalAmt': 0, 'UnappliedAmt': 0, 'ProcessPayment': false,
    'Line': [{'Amount': amount(p.amount_txn), 'LinkedTxn': [{'TxnId': p.document_key, 'TxnType': 'CreditMemo'}]}, {'Amount': amount(p.amount_txn), 'LinkedTxn': [{'TxnId': p.id, 'TxnType': 'Check'}]}]}) end
from main.payment p join main.txn t on t.base = p.payment_id and t.key <> t.base join main.account b on b.code = p.bank_account_code
union all
-- A credit that is not paid out is set against its document by a payment of nothing.
select t.entity, t.id, 0, t.created_at, t.created_at, n.issue_date, null, case t.entity when 'Payment' then present({
    'TxnDate': n.issue_date::varchar, 'CustomerRef': ref(p.id, p.name), 'CurrencyRef': usd(), 'TotalAmt': 0, 'UnappliedAmt': 0, 'ProcessPayment': false,
    'Line': [{'Amount': amount(n.total), 'LinkedTxn': [{'TxnId': o.id, 'TxnType': 'Invoice'}]}, {'Amount': amount(n.total), 'LinkedTxn': [{'TxnId': n.id, 'TxnType': 'CreditMemo'}]}]
    }) else present({
    'TxnDate': n.issue_date::varchar, 'VendorRef': ref(p.id, p.name), 'CurrencyRef': usd(), 'TotalAmt': 0, 'PayType': 'Check', 'CheckPayment': {'BankAccountRef': a.bank, 'PrintStatus': 'NotSet'}, 'APAccountRef': a.payable,
    'Line': [{'Amount': amount(n.total), 'LinkedTxn': [{'TxnId': o.id, 'TxnType': 'Bill'}]}, {'Amount': amount(n.total), 'LinkedTxn': [{'TxnId': n.id, 'TxnType': 'VendorCredit'}]}]}) end
from main.txn t join main.document n on n.document_id = t.base and t.key like '%/set-off' join main.document_now o on o.document_id = n.credits_document_id
join main.party p on p.key = coalesce(n.customer_id, n.vendor_id) cross join (select any_value(ref(id, name)) filter (code = '2000') as payable, any_value(ref(id, name)) filter (code = '1000') as bank from main.account) a
union all
select t.entity, t.id, 0, t.created_at, coalesce(t.deleted_at, t.created_at), b.transaction_date, null, case t.entity when 'Transfer' then present({
    'TxnDate': b.transaction_date::varchar, 'Amount': amount(b.total), 'FromAccountRef': ref(k.id, k.name), 'ToAccountRef': (select ref(y.id, y.name) from main.account y where y.code = '1005'), 'CurrencyRef': usd(), 'PrivateNote': b.description
    }) when 'Purchase' then present({
    'TxnDate': b.transaction_date::varchar, 'PaymentType': case when b.bank_transaction_id like '%-wages-%' then 'Check' else 'Cash' end, 'CurrencyRef': usd(), 'PrivateNote': b.description, 'Credit': false,
    'AccountRef': case when b.bank_transaction_id like '%-wages-%' then (select ref(y.id, y.name) from main.account y where y.code = '1005') else ref(k.id, k.name) end, 'TotalAmt': amount(b.total),
    'PurchaseEx': {'any': []}, 'DepartmentRef': {'value': '1', 'name': 'Main Office'},
    'Line': [present({'Id': '1', 'Description': b.description, 'Amount': amount(b.net_amount), 'DetailType': 'AccountBasedExpenseLineDetail',
        'AccountBasedExpenseLineDetail': {'AccountRef': ref(a.id, a.name), 'ClassRef': ref(c.id, c.name), 'BillableStatus': 'NotBillable', 'TaxCodeRef': {'value': 'NON'}}})]
    }) else present({
    'TxnDate': b.transaction_date::varchar, 'DepositToAccountRef': ref(k.id, k.name), 'CurrencyRef': usd(), 'PrivateNote': b.description, 'TotalAmt': amount(b.total), 'DepartmentRef': {'value': '1', 'name': 'Main Office'},
    'Line': [present({'Id': '1', 'LineNum': 1, 'Description': b.description, 'Amount': amount(b.net_amount), 'DetailType': 'DepositLineDetail', 'DepositLineDetail': {'AccountRef': ref(a.id, a.name), 'ClassRef': ref(c.id, c.name)}})]}) end
from known.bank_transaction b join main.txn t on t.base = b.bank_transaction_id join main.account a on a.code = b.account_code join main.account k on k.code = b.bank_account_code
left join main.class c on c.key = b.department_id
union all
select t.entity, t.id, 0, t.created_at, t.created_at, j.journal_date, upper(j.journal_id[5:]), present({
    'DocNumber': left(upper(j.journal_id[5:]), 21), 'TxnDate': j.journal_date::varchar, 'Adjustment': j.source_type in ('accrual', 'depreciation', 'fx_revaluation'), 'CurrencyRef': usd(), 'PrivateNote': j.description,
    'Line': list(present({'Id': (l.line_number - 1)::varchar, 'Description': l.description, 'Amount': amount(abs(l.amount_func)), 'DetailType': 'JournalEntryLineDetail', 'JournalEntryLineDetail': {
        'PostingType': case when l.amount_func < 0 then 'Credit' else 'Debit' end, 'AccountRef': ref(a.id, a.name), 'ClassRef': ref(c.id, c.name), 'DepartmentRef': {'value': '1', 'name': 'Main Office'}}}) order by l.line_number),
    'TxnTaxDetail': {'TotalTax': null}})
from known.journal j join main.txn t on t.key = j.journal_id join known.journal_line l using (journal_id) join main.account a on a.code = l.account_code left join main.class c on c.key = coalesce(l.campaign_id, l.department_id)
group by t.entity, t.id, t.created_at, j.journal_id, j.journal_date, j.source_type, j.description;
create table txn_object as from wire.txn_object limit 0;

create view wire.object as
select entity, id, try_cast(id as bigint) as number, changes as sync_token, created_at, changed_at, active, null::date as txn_date, null::varchar as doc_number, false as is_deleted,
    json_merge_patch(body, present({'domain': 'QBO', 'sparse': false, 'Id': id, 'SyncToken': changes::varchar, 'MetaData': {'CreateTime': stamp(created_at), 'LastUpdatedTime': stamp(changed_at)}}))::varchar as body
from main.list_object
union all
select p.entity, p.id, p.id::bigint, p.changes, p.created_at, p.changed_at, null, p.txn_date, p.doc_number, t.deleted_at is not null,
    case when t.deleted_at is not null then present({'domain': 'QBO', 'status': 'Deleted', 'Id': p.id, 'MetaData': {'LastUpdatedTime': stamp(t.deleted_at)}})
    else json_merge_patch(p.body, present({'domain': 'QBO', 'sparse': false, 'Id': p.id, 'SyncToken': p.changes::varchar, 'MetaData': {'CreateTime': stamp(p.created_at), 'LastUpdatedTime': stamp(p.changed_at)}})) end::varchar
from main.txn_object p join main.txn t on t.id = p.id
order by entity, changed_at, number;
create table object as from wire.object limit 0;

-- What the ledger holds, for reports: a line for each account and class of a transaction as it stands; what was reversed nets out.
create view wire.posting as
with sourced as (
    select l.*, j.journal_date, j.source_type, coalesce(n.id, t.id) as txn_id, coalesce(n.entity, t.entity) as entity,
        -- Where the money goes through an account of its own, the bank's side stands there; a second transaction moves it on.
        case when l.account_code <> '1000' then l.account_code when j.source_type = 'sale_payment' and is_held(l.customer_id) then '1050'
            when j.source_type = 'purchase_payment' and is_card_paid(l.vendor_id) then '2010' when j.source_id like '%-wages-%' then '1005' else l.account_code end as code
    from known.journal_line l join known.journal j using (journal_id)
    left join main.document_now n on n.document_id = j.source_id left join main.txn t on t.key = coalesce(j.source_id, j.journal_id)
),
moved as (
    select s.* replace (t.id as txn_id, t.entity as entity, 1 as line_number, s.side_code as code, s.side_amount as amount_func, null as department_id, null as campaign_id)
    from (select *, unnest([code, '1000']) as side_code, unnest([-amount_func, amount_func]) as side_amount from sourced where code <> account_code and line_number = 1) s
    join known.journal j using (journal_id) join main.txn t on t.base = j.source_id and t.key <> t.base
)
select s.txn_id, s.entity, s.journal_date as txn_date, s.code, a.id as account_id, a.name as account_name, a.classification, a.account_type, any_value(s.description) as memo,
    coalesce(s.campaign_id, s.department_id) as class_key, any_value(c.name) as class_name, any_value(p.name) as party_name, any_value(o.doc_number) as doc_number, max(o.changed_at) as changed_at, sum(s.amount_func) as amount
from (from sourced union all by name select * exclude (side_code, side_amount) from moved) s join main.account a on a.code = s.code left join main.class c on c.key = coalesce(s.campaign_id, s.department_id)
left join main.party p on p.key = coalesce(s.customer_id, s.vendor_id) left join main.object o on o.entity = s.entity and o.id = s.txn_id
group by all having sum(s.amount_func) <> 0;
create table posting as from wire.posting limit 0;
