-- What Xero knows of one entity of the simulated company, one view a resource, ready to be written as documents.

create temp macro guid(key) as cast(md5(key) as uuid)::varchar;
create temp macro entity() as getvariable('entity');

create temp view xero_account as
select guid('account' || account_code) as id, account_code as code, name, created_at,
    case type when 'bank' then 'BANK' when 'receivable' then 'CURRENT' when 'current_asset' then 'CURRENT' when 'prepayment' then 'PREPAYMENT'
        when 'fixed_asset' then 'FIXED' when 'term_liability' then 'TERMLIAB' when 'equity' then 'EQUITY' when 'retained_earnings' then 'EQUITY'
        when 'revenue' then 'REVENUE' when 'other_income' then 'OTHERINCOME' when 'direct_cost' then 'DIRECTCOSTS' when 'depreciation' then 'DEPRECIATN'
        when 'expense' then 'EXPENSE' when 'fx_gain_loss' then 'EXPENSE' when 'income_tax' then 'EXPENSE' else 'CURRLIAB' end as type,
    upper(class) as class, description,
    case system_role when 'receivable' then 'DEBTORS' when 'payable' then 'CREDITORS' when 'sales_tax' then 'GST' when 'retained_earnings' then 'RETAINEDEARNINGS'
        when 'realised_fx' then 'REALISEDCURRENCYGAIN' when 'unrealised_fx' then 'UNREALISEDCURRENCYGAIN' when 'rounding' then 'ROUNDING' end as system_account
from meridian.company.account where entity_id = entity();

create temp view xero_contact as
select guid(customer_id) as id, billing_name as name, billing_email as email, o.tax_id, o.city, o.country, o.postal_code, o.street, true as is_customer, null as currency, c.created_at
from meridian.company.customer c join meridian.company.organization o using (organization_id) where c.entity_id = entity()
union all
select guid(vendor_id), name, email, tax_id, null, country, null, null, false, currency, created_at from meridian.company.vendor where entity_id = entity();

create temp view xero_tax_type as
select * from (values ('output', 'OUTPUT2', '20% (VAT on Income)', 20.0, 'OUTPUT'), ('input', 'INPUT2', '20% (VAT on Expenses)', 20.0, 'INPUT'),
    ('zero', 'ZERORATEDOUTPUT', 'Zero Rated Income', 0, 'ZERORATEDOUTPUT'), ('none', 'NONE', 'No VAT', 0, 'NONE')) t (tax_type, code, name, rate, report_type);

create temp view xero_item as
select guid(p.product_id) as id, p.sku as code, p.name, p.description, p.monthly_price::decimal(18, 2) as unit_price,
    case p.product_id when 'prd-onb' then '4100' else '2200' end as account_code
from meridian.company.product p
where p.product_id in (select l.product_id from meridian.company.document_line l join meridian.company.document using (document_id) where entity_id = entity());

create temp view xero_currency as
select code, case code when 'GBP' then 'British Pound' when 'EUR' then 'Euro' when 'USD' then 'United States Dollar' when 'CAD' then 'Canadian Dollar'
    when 'JPY' then 'Japanese Yen' end as description
from (select currency as code from meridian.company.document where entity_id = entity() union select currency from meridian.company.entity where entity_id = entity());

-- Payments that are shown as money on account: an overpayment until somebody finds the document that it is for, or a prepayment on an
-- account of its own. Only such as change no account's movement: whole, never deleted, in the entity's currency.
create temp table on_account as
with payable as (
    select p.payment_id, p.document_id, p.recorded_at, d.kind, (hash('on account' || p.payment_id) % 1000)::integer as lot
    from meridian.company.payment p join meridian.company.document d using (document_id) join meridian.company.entity e on e.entity_id = p.entity_id
    where p.entity_id = entity() and p.currency = e.currency and d.kind in ('sale', 'purchase') and d.partner_entity_id is null
      and (select count(*) from meridian.company.payment q where q.document_id = p.document_id) = 1
)
select payment_id, document_id, kind = 'purchase' and lot < 20 as is_prepayment, kind || case when kind = 'purchase' and lot < 20 then '_prepayment' else '_overpayment' end as journal_source,
    case when kind = 'purchase' and lot < 20 then recorded_at else recorded_at + to_days(case lot % 4 when 0 then 150 else 2 + lot % 23 end) end as allocated_at
from payable where lot < 60;

-- Documents as they stood from each moment on at which something happened to them.
create temp view xero_document as
with happened as (
    select document_id, recorded_at as at_time, 0 as paid, 0 as credited from meridian.company.document where entity_id = entity()
    union all
    select document_id, unnest([edited_at, voided_at, deleted_at]), 0, 0 from meridian.company.document where entity_id = entity()
    union all
    select document_id, recorded_at, amount_txn, 0 from meridian.company.payment where entity_id = entity() and payment_id not in (select payment_id from on_account)
    union all
    select document_id, allocated_at, 0, amount_txn from meridian.company.payment join on_account using (payment_id, document_id)
    union all
    select document_id, deleted_at, -amount_txn, 0 from meridian.company.payment where entity_id = entity()
    union all
    -- A credit note that was not paid out is set against its document at once.
    select unnest([credits_document_id, document_id]), recorded_at, 0, total from meridian.company.document d
    where entity_id = entity() and credits_document_id is not null
      and not exists (select 1 from meridian.company.payment p where p.document_id = d.document_id)
),
moments as (
    select document_id, at_time, sum(sum(paid)) over w as paid, sum(sum(credited)) over w as credited
    from happened where at_time is not null group by document_id, at_time window w as (partition by document_id order by at_time)
)
select guid(d.document_id) as id, d.document_id, d.kind, d.number, d.reference, guid(coalesce(d.customer_id, d.vendor_id)) as contact_id,
    coalesce(c.billing_name, v.name) as contact_name, d.issue_date, d.due_date, d.currency, d.fx_rate::decimal(18, 6) as fx_rate,
    d.subtotal::decimal(18, 2) as subtotal, d.tax::decimal(18, 2) as tax, d.total::decimal(18, 2) as total,
    m.paid::decimal(18, 2) as paid, m.credited::decimal(18, 2) as credited, (d.total - m.paid - m.credited)::decimal(18, 2) as due,
    guid(d.credits_document_id) as credits_id, o.number as credits_number, m.at_time,
    case when d.deleted_at <= m.at_time then 'DELETED' when d.deleted_at is not null then 'DRAFT' when d.voided_at <= m.at_time then 'VOIDED'
         when d.total - m.paid - m.credited = 0 then 'PAID' else 'AUTHORISED' end as status,
    case when d.total - m.paid - m.credited = 0 then m.at_time::date end as settled_on
from moments m join meridian.company.document d using (document_id)
left join meridian.company.customer c using (customer_id) left join meridian.company.vendor v on v.vendor_id = d.vendor_id
left join meridian.company.document o on o.document_id = d.credits_document_id
where m.at_time >= d.recorded_at
order by m.at_time, d.document_id;

create temp view xero_document_line as
select l.document_id, guid(l.document_line_id) as id, l.description, l.quantity, l.unit_price, l.net_amount::decimal(18, 2) as net_amount, l.tax_amount::decimal(18, 2) as tax_amount, l.account_code,
    guid('account' || l.account_code) as account_id, t.code as tax_type, t.name as tax_name, p.sku, d.name as department, c.name as campaign, c.campaign_id
from meridian.company.document_line l join meridian.company.document using (document_id)
left join xero_tax_type t using (tax_type) left join meridian.company.product p using (product_id)
left join meridian.company.department d using (department_id) left join meridian.company.campaign c on c.campaign_id = l.campaign_id
where document.entity_id = entity() order by l.document_id, l.line_number;

create temp view xero_payment as
with states as (
    select *, recorded_at as at_time, 'AUTHORISED' as status from meridian.company.payment
    union all select *, deleted_at, 'DELETED' from meridian.company.payment where deleted_at is not null
),
-- Bills that are paid on one day leave the bank as one sum.
runs as (
    select p.payment_id, guid('batch' || p.bank_account_code || p.payment_date::varchar) as batch_id
    from meridian.company.payment p join meridian.company.document d using (document_id) join meridian.company.entity e on e.entity_id = p.entity_id
    where p.entity_id = entity() and d.kind = 'purchase' and p.currency = e.currency and p.deleted_at is null and p.payment_id not in (select payment_id from on_account)
    qualify count(*) over (partition by p.bank_account_code, p.payment_date) > 1
)
select guid(p.payment_id) as id, guid(p.document_id) as document_id, d.kind, d.number, p.payment_date, p.amount_txn::decimal(18, 2) as amount, p.amount_func::decimal(18, 2) as bank_amount,
    p.fx_rate::decimal(18, 6) as fx_rate, p.reference, p.bank_account_code, guid('account' || p.bank_account_code) as account_id, p.at_time, p.status, r.batch_id,
    case d.kind when 'sale' then 'ACCRECPAYMENT' when 'purchase' then 'ACCPAYPAYMENT' when 'sale_credit' then 'ARCREDITPAYMENT' else 'APCREDITPAYMENT' end as type
from states p join meridian.company.document d using (document_id) left join runs r using (payment_id)
where p.entity_id = entity() and p.payment_id not in (select payment_id from on_account) order by p.at_time, p.payment_id;

create temp view xero_on_account as
select guid('on account' || p.payment_id) as id, guid('bank' || p.payment_id) as bank_transaction_id, guid('line' || p.payment_id) as line_id, guid('allocation' || p.payment_id) as allocation_id,
    o.is_prepayment, case d.kind when 'sale' then 'RECEIVE-OVERPAYMENT' else case when o.is_prepayment then 'SPEND-PREPAYMENT' else 'SPEND-OVERPAYMENT' end end as type,
    p.payment_date as transaction_date, case when o.is_prepayment then 'Paid in advance' when d.kind = 'sale' then 'Receipt on account' else 'Payment on account' end as description,
    a.account_code, guid('account' || a.account_code) as account_id, p.bank_account_code, guid('account' || p.bank_account_code) as bank_account_id,
    p.amount_txn::decimal(18, 2) as net_amount, 0::decimal(18, 2) as tax_amount, p.amount_txn::decimal(18, 2) as total, p.currency,
    guid(coalesce(d.customer_id, d.vendor_id)) as contact_id, coalesce(c.billing_name, v.name) as contact_name, guid(d.document_id) as document_id, d.number, p.recorded_at, o.allocated_at,
    case when o.is_prepayment then p.payment_date else o.allocated_at::date end as allocation_date
from on_account o join meridian.company.payment p using (payment_id) join meridian.company.document d on d.document_id = o.document_id
join meridian.company.account a on a.entity_id = d.entity_id
    and case when o.is_prepayment then a.type = 'prepayment' else a.system_role = case d.kind when 'sale' then 'receivable' else 'payable' end end
left join meridian.company.customer c using (customer_id) left join meridian.company.vendor v on v.vendor_id = d.vendor_id
order by p.recorded_at, p.payment_id;

create temp view xero_bank_transaction as
select guid(b.bank_transaction_id) as id, guid(b.bank_transaction_id) as bank_transaction_id, b.kind, b.transaction_date, b.description, b.account_code, guid('account' || b.account_code) as account_id, b.bank_account_code,
    guid('account' || b.bank_account_code) as bank_account_id, b.net_amount::decimal(18, 2) as net_amount, b.tax_amount::decimal(18, 2) as tax_amount, b.total::decimal(18, 2) as total, b.currency,
    null as contact_id, null as contact_name, d.name as department, b.recorded_at
from meridian.company.bank_transaction b left join meridian.company.department d using (department_id) where b.entity_id = entity() order by b.recorded_at, b.bank_transaction_id;

-- A prepayment moves an account of its own when it is spent, and moves it back when it is set against its bill: two journals where the
-- company has one.
create temp view shown_journal as
select j.journal_id, j.recorded_at, j.journal_date, j.description, coalesce(o.journal_source, j.source_type) as source_type,
    case when o.payment_id is not null then 'on account' || o.payment_id when j.source_id is null and j.source_type <> 'opening' then 'manual' || j.journal_id else j.source_id end as source_key
from meridian.company.journal j left join on_account o on o.payment_id = j.source_id where j.entity_id = entity()
union all
select j.journal_id || '-a', j.recorded_at, j.journal_date, 'Set against its bill', o.journal_source, 'on account' || o.payment_id
from meridian.company.journal j join on_account o on o.payment_id = j.source_id and o.is_prepayment where j.entity_id = entity();

create temp view shown_journal_line as
with advance as (select 'jnl-' || payment_id as journal_id from on_account where is_prepayment),
advance_account as (select account_code from meridian.company.account where entity_id = entity() and type = 'prepayment'),
lines as (
    select l.* from meridian.company.journal_line l join meridian.company.journal j using (journal_id) where j.entity_id = entity()
)
select l.journal_id, l.line_number, l.account_code, l.amount_func, l.description, l.department_id, l.campaign_id, l.tax_type from lines l
where not exists (select 1 from advance a where a.journal_id = l.journal_id)
union all
select l.journal_id || case when b.type = 'bank' then '' else '-a' end, side, case side when 1 then l.account_code else a.account_code end,
    case side when 1 then l.amount_func else -l.amount_func end, l.description, null, null, null
from lines l join advance using (journal_id) join meridian.company.account b on b.entity_id = entity() and b.account_code = l.account_code
cross join advance_account a cross join (values (1), (2)) s (side);

create temp view xero_journal as
with numbered as (
    select *, row_number() over (order by recorded_at, journal_id) as n from shown_journal
)
-- Numbers have gaps: now and then one is used up by a journal that was never posted.
select journal_id, guid(journal_id) as id, journal_date, recorded_at, n + n // 37 as number, description, guid(source_key) as source_id,
    case source_type when 'sale' then 'ACCREC' when 'purchase' then 'ACCPAY' when 'sale_credit' then 'ACCRECCREDIT' when 'purchase_credit' then 'ACCPAYCREDIT'
        when 'sale_payment' then 'ACCRECPAYMENT' when 'purchase_payment' then 'ACCPAYPAYMENT' when 'refund' then 'ARCREDITPAYMENT' when 'bank_spend' then 'CASHPAID'
        when 'bank_receive' then 'CASHREC'
        when 'sale_overpayment' then 'AROVERPAYMENT' when 'purchase_overpayment' then 'APOVERPAYMENT' when 'purchase_prepayment' then 'APPREPAYMENT' when 'opening' then null else 'MANJOURNAL' end as source_type
from numbered order by n;

create temp view xero_journal_line as
select l.journal_id, guid(l.journal_id || '-' || l.line_number) as id, guid('account' || l.account_code) as account_id, l.account_code, a.type as account_type, a.name as account_name, l.description,
    l.amount_func::decimal(18, 2) as net_amount, t.code as tax_type, t.name as tax_name, d.name as department, c.name as campaign, c.campaign_id
from shown_journal_line l join xero_account a on a.code = l.account_code
left join xero_tax_type t using (tax_type) left join meridian.company.department d using (department_id) left join meridian.company.campaign c on c.campaign_id = l.campaign_id
order by l.journal_id, l.line_number;

-- The campaigns' options of the tracking category, from each moment on at which one was added or renamed.
create temp view xero_campaign_option as
select campaign_id, guid('option' || campaign_id) as id, name, created_at as at_time from meridian.company.campaign where entity_id = entity()
union all
select campaign_id, guid('option' || campaign_id), renamed_to, renamed_at from meridian.company.campaign where entity_id = entity() and renamed_at is not null
order by at_time, campaign_id;

-- A budget of the whole organisation, and one for each department.
create temp view xero_budget as
with parts as (
    select b.budget_id, b.name, b.created_at, null as department_id, null as department, l.account_code, l.month, sum(l.amount) as amount
    from meridian.company.budget b join meridian.company.budget_line l using (budget_id) where b.entity_id = entity() and b.version in ('original', 'reforecast_q1') group by all
    union all
    select b.budget_id, b.name, b.created_at, l.department_id, d.name, l.account_code, l.month, l.amount
    from meridian.company.budget b join meridian.company.budget_line l using (budget_id) join meridian.company.department d using (department_id)
    where b.entity_id = entity() and b.version in ('original', 'reforecast_q1')
)
select guid(budget_id || coalesce(department_id, '')) as id, name || coalesce(' - ' || department, '') as name, created_at, department,
    account_code, guid('account' || account_code) as account_id, list({'Period': strftime(month, '%Y-%m'), 'Amount': amount::decimal(18, 2)::varchar} order by month) as balances
from parts group by all order by created_at, id, account_code;
