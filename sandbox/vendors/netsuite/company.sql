-- What NetSuite shows of one entity, one view a SuiteQL table; views that begin with an underscore are not visible to callers.
-- Each becomes a table in this order when time moves; a view that builds on another reads its table, hence the empty ones beside them.
-- Ids are given by creation, with gaps. Moments are in the account's time zone, to the second. Amounts on lines: debit positive.

create macro here(moment) as (moment at time zone 'UTC') at time zone getvariable('time_zone');
create macro letter(truth) as case when truth then 'T' else 'F' end;
create macro gapped(n) as n + n // 37;
create macro month_period(day) as (year(day) - 2000) * 20 + 4 + month(day);
create macro currency_number(code) as case code when 'USD' then 1 when 'GBP' then 2 when 'CAD' then 3 when 'EUR' then 4 when 'JPY' then 5 end;
create macro account_number(code) as code::bigint // 10 + 100;
create macro department_number(key) as case key when 'sales' then 1 when 'marketing' then 2 when 'product' then 3 when 'support' then 4 when 'general' then 5 end;
-- Who keys things in: one of the three accountants.
create macro clerk(key) as 11 + number_of(key, 4) % 3;

-- Numbers of everything that is ever created in the company's file, so that a later record moves no earlier number.
create view wire._number as
with made as (
    select document_id as key, recorded_at as at_time from meridian.company.document where entity_id = entity()
    union all select payment_id, recorded_at from meridian.company.payment where entity_id = entity()
    union all select bank_transaction_id, recorded_at from meridian.company.bank_transaction where entity_id = entity()
    union all select journal_id, recorded_at from meridian.company.journal where entity_id = entity() and source_id is null
)
select key, gapped(row_number() over (order by at_time, key)) + 1000 as id from made;
create table main._number as from wire._number limit 0;

-- Entities of the group that are billed have customers of their own; those that bill have vendors.
create view wire._party as
with made as (
    select customer_id as key, created_at, 'customer' as kind, null::varchar as partner_entity_id from meridian.company.customer where entity_id = entity()
    union all
    select 'partner-' || e.entity_id, (select min(first_date) from known.parameter) - interval 90 day, 'customer', e.entity_id
    from meridian.company.entity e where e.entity_id in (select partner_entity_id from meridian.company.document where entity_id = entity() and kind like 'sale%')
    union all
    select vendor_id, created_at, 'vendor', partner_entity_id from meridian.company.vendor where entity_id = entity()
)
select *, gapped(row_number() over (order by created_at, key)) + 200 as id from made;
create table main._party as from wire._party limit 0;

create view wire._class as
select campaign_id, gapped(row_number() over (order by created_at, campaign_id)) + 10 as id from meridian.company.campaign where entity_id = entity();
create table main._class as from wire._class limit 0;

create view wire._item as
select product_id, row_number() over (order by product_id) + 50 as id, sku, name, description from known.product;
create table main._item as from wire._item limit 0;

-- Transactions with what lines need of them. A draft awaits approval and does not post; an edit is made in place; half of the
-- edits are of lines only and leave the moment of the header as it was; a void leaves zero amounts.
create view wire._transaction as
with documents as (
    select d.document_id as key, 'jnl-' || d.document_id || case when d.edited_at is not null then '-e' else '' end as journal_id, d.number as tranid,
        case d.kind when 'sale' then 'CustInvc' when 'sale_credit' then 'CustCred' when 'purchase' then 'VendBill' else 'VendCred' end as type,
        coalesce(d.customer_id, d.vendor_id, 'partner-' || d.partner_entity_id) as party, d.partner_entity_id, d.issue_date as trandate, d.due_date as duedate,
        case when d.open_amount = 0 and not d.is_draft then coalesce((select max(p.payment_date) from known.payment p where p.document_id = d.document_id and p.deleted_at is null), d.issue_date) end as closedate,
        d.recorded_at, coalesce(d.voided_at, d.edited_at, d.recorded_at) as line_at,
        case when d.edited_at is not null and number_of(d.document_id, 6) % 2 = 0
             then greatest(d.recorded_at, coalesce((select max(p.changed_at) from known.payment p where p.document_id = d.document_id), d.recorded_at))
             else d.changed_at end as changed_at,
        d.is_draft, d.voided_at is not null as is_voided, whole.edited_at is not null and d.edited_at is null as is_mistaken,
        case when d.voided_at is not null then 'V' when d.is_draft then 'D' when d.open_amount = 0 then 'B' else 'A' end as status,
        d.currency, d.fx_rate, case when d.voided_at is not null then 0 else d.paid + d.credited end as paid, d.open_amount as unpaid, d.reference as otherrefnum,
        d.number as memo, null::varchar as reverses
    from known.document d join meridian.company.document whole using (document_id)
    where d.deleted_at is null
),
payments as (
    select p.payment_id, 'jnl-' || p.payment_id, 'PAY-' || n.id, case d.kind when 'sale' then 'CustPymt' when 'sale_credit' then 'CustRfnd' else 'VendPymt' end,
        coalesce(d.customer_id, d.vendor_id, 'partner-' || d.partner_entity_id), d.partner_entity_id, p.payment_date, null, null, p.recorded_at, p.recorded_at, p.recorded_at,
        false, false, false, case d.kind when 'sale' then 'C' else 'Z' end, p.currency, p.fx_rate, 0, 0, null, p.reference, null
    from known.payment p join meridian.company.document d using (document_id) join main._number n on n.key = p.payment_id
    where p.deleted_at is null
),
bank as (
    select b.bank_transaction_id, 'jnl-' || b.bank_transaction_id, 'BNK-' || n.id, case b.kind when 'spend' then 'Check' else 'Deposit' end, b.vendor_id, null, b.transaction_date, null, null,
        b.recorded_at, b.recorded_at, b.recorded_at, false, false, false, case b.kind when 'spend' then 'Z' else 'C' end, b.currency, 1, 0, 0, null, b.description, null
    from known.bank_transaction b join main._number n on n.key = b.bank_transaction_id
    where b.deleted_at is null
),
journals as (
    select j.journal_id, j.journal_id, 'JE-' || n.id, 'Journal', null, null, j.journal_date, null, null, j.recorded_at, j.recorded_at, j.recorded_at, false, false, false, 'B', e.currency, 1, 0, 0,
        null, j.description, j.reverses_journal_id
    from known.journal j join main._number n on n.key = j.journal_id cross join known.entity e where j.source_id is null
)
select n.id, t.* from (from documents union all from payments union all from bank union all from journals) t join main._number n using (key);
create table main._transaction as from wire._transaction limit 0;

-- Lines in double entry: those of the company's journal that stands; a mistaken bill has one more, which the edit removes.
create view wire._posting as
with posted as (
    select t.id, l.line_number - 1 as line, l.account_code, l.amount_func, l.amount_txn, l.description, l.department_id, l.campaign_id, l.product_id
    from main._transaction t join known.journal_line l using (journal_id) where not t.is_draft
    union all
    select t.id, 90, '6500', 0, 0, 'To be allocated', null, null, null from main._transaction t where t.is_mistaken
),
draft as (
    select t.id, t.key, l.line_number as line, l.account_code, -(case when d.kind in ('sale', 'purchase_credit') then 1 else -1 end) * round(l.net_amount / d.fx_rate, 2)::decimal(20, 4) as amount_func,
        -(case when d.kind in ('sale', 'purchase_credit') then 1 else -1 end) * l.net_amount as amount_txn, l.description, l.department_id, l.campaign_id, l.product_id
    from main._transaction t join known.document d on d.document_id = t.key join known.document_line l using (document_id) where t.is_draft
),
drafted as (
    select id, 0, any_value(case when d.kind like 'sale%' then '1100' else '2000' end), -sum(amount_func), -sum(amount_txn), any_value(d.number), null, null, null
    from draft join known.document d on d.document_id = draft.key group by id
)
select p.* replace (case when t.is_voided then 0 else p.amount_func end as amount_func, case when t.is_voided then 0 else p.amount_txn end as amount_txn)
from (from posted union all select * exclude (key) from draft union all from drafted) p join main._transaction t using (id);
create table main._posting as from wire._posting limit 0;

-- What remains open of a document in the entity's currency: its control amount less what payments and credit notes relieved of it.
create view wire._settled as
select t.key, sum(r.amount) as settled from main._transaction t join (
    select p.document_id as key, abs(l.amount_func) as amount
    from known.payment p join known.journal_line l on l.journal_id = 'jnl-' || p.payment_id and l.line_number = 2 where p.deleted_at is null
    union all
    select unnest([c.document_id, c.credits_document_id]), abs(l.amount_func)
    from known.document c join known.journal_line l on l.journal_id = 'jnl-' || c.document_id and l.line_number = 1
    where c.credits_document_id is not null and c.credited > 0
) r using (key) group by t.key;
create table main._settled as from wire._settled limit 0;

-- The largest tables lie in the order of their keys: pages are asked for by key, and are found without looking through all rows.
create view wire."transaction" as
with kinds (type, abbrevtype, recordtype, name) as (values
    ('CustInvc', 'INV', 'invoice', 'Invoice'), ('CustCred', 'CREDMEM', 'creditmemo', 'Credit Memo'), ('VendBill', 'BILL', 'vendorbill', 'Bill'), ('VendCred', 'BILLCRED', 'vendorcredit', 'Bill Credit'),
    ('CustPymt', 'PYMT', 'customerpayment', 'Payment'), ('VendPymt', 'BILLPMT', 'vendorpayment', 'Bill Payment'), ('CustRfnd', 'CUSTRFND', 'customerrefund', 'Customer Refund'),
    ('Check', 'CHK', 'check', 'Check'), ('Deposit', 'DEP', 'deposit', 'Deposit'), ('Journal', 'GENJRNL', 'journalentry', 'Journal')
),
main as (select id, amount_txn from main._posting where line = 0)
select t.id, t.tranid, upper(t.type) || t.id as transactionnumber, k.name || ' #' || t.tranid as trandisplayname, t.type, k.abbrevtype, k.recordtype, null::varchar as externalid, p.id as entity,
    null::bigint as employee, t.trandate, t.duedate, t.closedate, here(t.recorded_at) as createddate, clerk(t.key) as createdby, here(t.changed_at) as lastmodifieddate,
    clerk(t.key || t.changed_at::varchar) as lastmodifiedby, month_period(t.trandate) as postingperiod, letter(not t.is_draft) as posting, t.status, currency_number(t.currency) as currency,
    round(1 / t.fx_rate, 8)::decimal(18, 8) as exchangerate, case when t.type <> 'Journal' then m.amount_txn::decimal(20, 4) end as foreigntotal,
    case when t.type in ('CustInvc', 'VendBill') then t.paid end as foreignamountpaid, case when t.type in ('CustInvc', 'VendBill', 'CustCred', 'VendCred') then t.unpaid end as foreignamountunpaid,
    t.memo, t.otherrefnum, case when t.type = 'Journal' then 'Standard' end as journaltype, letter(t.reverses is not null) as isreversal, r.id as reversal, x.trandate as reversaldate, 'F' as reversaldefer,
    'F' as intercoadj, letter(t.is_voided) as voided, letter(t.is_voided) as void
from main._transaction t join kinds k using (type) left join main._party p on p.key = t.party left join main m on m.id = t.id
left join main._number r on r.key = coalesce(t.reverses, (select o.key from main._transaction o where o.reverses = t.key))
left join main._transaction x on x.id = r.id
order by t.id;
create table main."transaction" as from wire."transaction" limit 0;

create view wire.transactionline as
select l.id as "transaction", l.line as id, l.id * 1000 + l.line as uniquekey, l.line as linesequencenumber, here(t.line_at) as linelastmodifieddate, letter(l.line = 0 and t.type <> 'Journal') as mainline,
    letter(l.account_code = '2100' and t.type in ('CustInvc', 'VendBill', 'CustCred', 'VendCred')) as taxline, 'F' as iscogs, 'F' as isbillable, letter(t.status in ('B', 'V')) as isclosed,
    letter(l.account_code = '1000') as cleared, letter(t.partner_entity_id is not null) as eliminate, i.id as item, p.id as entity, 1 as subsidiary, department_number(l.department_id) as department, c.id as class,
    case when l.department_id is not null then 1 end as location, l.description as memo, case when l.product_id is not null then -1 end::decimal(20, 4) as quantity,
    l.amount_func::decimal(20, 4) as netamount, l.amount_txn::decimal(20, 4) as foreignamount, 'F' as commitmentfirm
from main._posting l join main._transaction t using (id) left join main._party p on p.key = t.party left join main._class c using (campaign_id) left join main._item i using (product_id)
order by l.id, l.line;

create view wire.transactionaccountingline as
select l.id as "transaction", l.line as transactionline, b.book as accountingbook, account_number(l.account_code) as account, l.amount_func::decimal(20, 4) as amount,
    case when l.amount_func > 0 then l.amount_func end::decimal(20, 4) as debit, case when l.amount_func < 0 then -l.amount_func end::decimal(20, 4) as credit, l.amount_func::decimal(20, 4) as netamount,
    case when l.line = 0 and s.settled is not null then s.settled end::decimal(20, 4) as amountlinked,
    case when l.line = 0 and t.type in ('CustInvc', 'VendBill') and not t.is_voided then coalesce(s.settled, 0) end::decimal(20, 4) as amountpaid,
    case when l.line = 0 and t.type in ('CustInvc', 'VendBill', 'CustCred', 'VendCred') then case when t.unpaid = 0 or t.is_draft then 0 else abs(l.amount_func) - coalesce(s.settled, 0) end end::decimal(20, 4) as amountunpaid,
    case when l.line = 0 and t.type in ('CustPymt', 'VendPymt') then abs(l.amount_func) end::decimal(20, 4) as paymentamountused,
    case when l.line = 0 and t.type in ('CustPymt', 'VendPymt') then 0 end::decimal(20, 4) as paymentamountunused,
    round(1 / t.fx_rate, 8)::decimal(18, 8) as exchangerate, null::bigint as overheadparentitem, letter(not t.is_draft) as posting, 'F' as processedbyrevcommit,
    here(case when l.line = 0 then t.changed_at else t.line_at end) as lastmodifieddate
from main._posting l join main._transaction t using (id) left join main._settled s using (key) cross join (values (1), (2)) b (book)
order by l.id, l.line;

create view wire.account as
select account_number(account_code) as id, account_code as acctnumber, account_code || ' ' || name as accountsearchdisplayname, name as accountsearchdisplaynamecopy, name as displaynamewithhierarchy,
    name as fullname, description,
    case type when 'bank' then 'Bank' when 'receivable' then 'AcctRec' when 'prepayment' then 'OthCurrAsset' when 'current_asset' then 'OthCurrAsset' when 'fixed_asset' then 'FixedAsset' when 'payable' then 'AcctPay'
        when 'deferred_revenue' then 'DeferRevenue' when 'term_liability' then 'LongTermLiab' when 'equity' then 'Equity' when 'retained_earnings' then 'Equity' when 'revenue' then 'Income'
        when 'other_income' then 'OthIncome' when 'direct_cost' then 'COGS' when 'fx_gain_loss' then 'OthExpense' when 'income_tax' then 'OthExpense'
        else case class when 'liability' then 'OthCurrLiab' when 'expense' then 'Expense' else 'OthAsset' end end as accttype,
    case system_role when 'retained_earnings' then 'RetEarnings' when 'receivable' then 'AcctRec' when 'payable' then 'AcctPay' when 'unrealised_fx' then 'UnrERV' when 'realised_fx' then 'RealERV' end as sspecacct,
    null::bigint as parent, case when type = 'bank' then currency_number(coalesce(currency, 'USD')) end as currency, null::bigint as class, null::bigint as department, null::bigint as location, null::bigint as deferralacct,
    'ACTUAL' as cashflowrate, case when class in ('asset', 'liability') then 'CURRENT' when class = 'equity' then 'HISTORICAL' else 'AVERAGE' end as generalrate,
    letter(account_code in ('1150', '2050', '4900', '6750')) as eliminate, 'F' as issummary, 'T' as includechildren, 'F' as isinactive, null::varchar as externalid, here(created_at) as lastmodifieddate
from known.account;
create table main.account as from wire.account limit 0;

create view wire.accounttype as
select t.*, row_number() over () as internalid from (values ('Bank', 'Bank', 'T', 'T'), ('AcctRec', 'Accounts Receivable', 'T', 'T'), ('OthCurrAsset', 'Other Current Asset', 'T', 'T'), ('FixedAsset', 'Fixed Asset', 'T', 'T'),
    ('AcctPay', 'Accounts Payable', 'T', 'F'), ('OthCurrLiab', 'Other Current Liability', 'T', 'F'), ('LongTermLiab', 'Long Term Liability', 'T', 'F'), ('DeferRevenue', 'Deferred Revenue', 'T', 'F'),
    ('Equity', 'Equity', 'T', 'F'), ('Income', 'Income', 'F', 'F'), ('OthIncome', 'Other Income', 'F', 'F'), ('COGS', 'Cost of Goods Sold', 'F', 'T'), ('Expense', 'Expense', 'F', 'T'), ('OthExpense', 'Other Expense', 'F', 'T')
) t (id, longname, balancesheet, "left");
create table main.accounttype as from wire.accounttype limit 0;

create view wire.accountingperiod as
with years as (select unnest(generate_series(year(first_date) - 1, year(horizon()) + 1)) as y, first_date from known.parameter),
parts as (
    select y, 0 as k, 'FY ' || y as periodname, make_date(y, 1, 1) as startdate, 12 as months, null as parent, null as quarter, first_date from years
    union all
    select y, q, 'Q' || q || ' ' || y, make_date(y, q * 3 - 2, 1), 3, (y - 2000) * 20, null, first_date from years cross join (values (1), (2), (3), (4)) t (q)
    union all
    select y, m + 4, strftime(make_date(y, m::integer, 1), '%b %Y'), make_date(y, m::integer, 1), 1, (y - 2000) * 20 + (m + 2) // 3, (y - 2000) * 20 + (m + 2) // 3, first_date
    from years cross join (select unnest(generate_series(1, 12)) as m)
),
dated as (select *, (startdate + to_months(months) - interval 1 day)::date as enddate from parts),
-- Books are closed sixty days after the period's end.
closing as (select *, (enddate + interval 61 day)::timestamp as closed_at from dated)
select (y - 2000) * 20 + k as id, periodname, parent, quarter, startdate, enddate, case when closed_at <= horizon() then closed_at::date end as closedondate, letter(closed_at <= horizon()) as closed,
    letter(closed_at <= horizon()) as alllocked, letter(closed_at <= horizon()) as arlocked, letter(closed_at <= horizon()) as aplocked, 'F' as allownonglchanges, letter(k > 4) as isposting, 'F' as isadjust,
    letter(k between 1 and 4) as isquarter, letter(k = 0) as isyear, 'F' as isinactive, here(case when closed_at <= horizon() then closed_at else first_date::timestamp end) as lastmodifieddate
from closing;
create table main.accountingperiod as from wire.accountingperiod limit 0;

create view wire.accountingbook as
select * from (values (1, 'Primary Accounting Book', 'T', 'F', 'Active'), (2, 'Local GAAP', 'F', 'F', 'Active')) t (id, name, isprimary, isadjustmentonly, status);
create table main.accountingbook as from wire.accountingbook limit 0;

-- The company, and the subsidiary in which eliminations of a consolidation would be posted.
create view wire.subsidiary as
select 1 as id, name, name as fullname, 'US' as edition, null::bigint as parent, currency_number(currency) as currency, 1 as fiscalcalendar, country, 'CA' as state, 'finance@meridian.example' as email, 'F' as iselimination, 'F' as isinactive, 'San Francisco' as mainaddress from known.entity
union all
select 2, 'Elimination', name || ' : Elimination', 'US', 1, currency_number(currency), 1, country, 'CA', null, 'T', 'F', null from known.entity;
create table main.subsidiary as from wire.subsidiary limit 0;

create view wire.department as
select department_number(department_id) as id, name, name as fullname, null::bigint as parent, 1 as subsidiary, 'F' as isinactive from known.department;
create table main.department as from wire.department limit 0;
create view wire.classification as
select n.id, c.name, c.name as fullname, null::bigint as parent, null::varchar as externalid, 'F' as isinactive from known.campaign c join main._class n using (campaign_id);
create table main.classification as from wire.classification limit 0;
create view wire.location as select 1 as id, 'San Francisco' as name, 'San Francisco' as fullname, null::bigint as parent, 'F' as isinactive;
create table main.location as from wire.location limit 0;
create view wire.item as
select id, sku as itemid, name as displayname, name as fullname, description, 'Service' as itemtype, 'F' as isinactive, timestamp '2023-01-02 09:00:00' as lastmodifieddate from main._item;
create table main.item as from wire.item limit 0;

-- Rates of the day: the account's base currency for one unit of another.
create view wire._rate as
with quoted as (
    select rate_date, currency as code, units_per_eur, published_at from meridian.company.fx_rate
    union all select rate_date, 'EUR', 1, published_at from meridian.company.fx_rate where currency = 'USD'
),
numbered as (
    select q.rate_date, q.code, q.published_at, round(u.units_per_eur / q.units_per_eur, 8)::decimal(18, 8) as exchangerate, row_number() over (order by q.published_at, q.rate_date, q.code) as id
    from quoted q join meridian.company.fx_rate u on u.rate_date = q.rate_date and u.currency = 'USD' where q.code <> 'USD'
)
select *, row_number() over (partition by code order by rate_date desc) = 1 as is_latest from numbered where published_at <= horizon();
create table main._rate as from wire._rate limit 0;

create view wire.currencyrate as
select id, 1 as basecurrency, currency_number(code) as transactioncurrency, exchangerate, rate_date as effectivedate, here(published_at) as lastmodifieddate from main._rate;

create view wire.currency as
with codes (code, name, sign, digits) as (values ('USD', 'US Dollar', '$', 2), ('GBP', 'British Pound', '£', 2), ('CAD', 'Canadian Dollar', 'C$', 2), ('EUR', 'Euro', '€', 2), ('JPY', 'Japanese Yen', '¥', 0))
select currency_number(code) as id, c.name, code as symbol, sign as displaysymbol, digits as currencyprecision, coalesce(r.exchangerate, 1) as exchangerate, letter(code = 'USD') as isbasecurrency, 'F' as isinactive,
    here(coalesce(r.published_at, timestamp '2023-01-02 17:00:00')) as lastmodifieddate
from codes c left join (select * from main._rate where is_latest) r using (code);
create table main.currency as from wire.currency limit 0;

create view wire.consolidatedexchangerate as
select p.id * 10 + s.id as id, p.id as postingperiod, s.id as fromsubsidiary, s.currency as fromcurrency, 1 as tosubsidiary, 1 as tocurrency, b.id as accountingbook, 1::decimal(18, 9) as averagerate, 1::decimal(18, 9) as currentrate,
    1::decimal(18, 9) as historicalrate
from main.accountingperiod p cross join main.subsidiary s cross join main.accountingbook b where b.id = 1 and p.isposting = 'T' and p.startdate <= horizon();

create view wire.customer as
with ordered as (
    select customer_id, arg_min(issue_date, recorded_at) as first_order, min(recorded_at) as at_time from known.document where kind = 'sale' and not is_draft group by customer_id
)
select p.id, 'CUST' || p.id as entityid, null::varchar as externalid, coalesce(c.name, e.name) as altname, coalesce(c.name, e.name) as companyname, null::varchar as firstname, null::varchar as lastname,
    coalesce(c.email, 'intercompany@meridian.example') as email, c.phone, null::bigint as parent, 'F' as isperson, 1 as currency, account_number(case when e.name is null then '1100' else '1150' end) as receivablesaccount,
    case when c.street is not null then concat_ws(', ', c.street, c.postal_code || ' ' || c.city, c.country) end as defaultbillingaddress, c.tax_id as vatregnumber, o.first_order as firstorderdate, 'F' as isinactive,
    here(p.created_at) as datecreated, here(greatest(p.created_at, coalesce(o.at_time, p.created_at))) as lastmodifieddate
from main._party p left join known.customer c on c.customer_id = p.key left join meridian.company.entity e on e.entity_id = p.partner_entity_id left join ordered o on o.customer_id = p.key
where p.kind = 'customer' and p.created_at <= horizon();
create table main.customer as from wire.customer limit 0;

create view wire.vendor as
select p.id, 'VEND' || p.id as entityid, null::varchar as externalid, v.name as altname, v.name as companyname, v.email, null::varchar as phone, case when v.partner_entity_id is not null then 'Intercompany' else 'Supplier' end as category,
    currency_number(v.currency) as currency, coalesce(b.balance, 0)::decimal(20, 4) as balance, coalesce(b.balance, 0)::decimal(20, 4) as balanceprimary, null::bigint as expenseaccount, v.tax_id as vatregnumber,
    'F' as isinactive, here(v.created_at) as datecreated, here(v.created_at) as lastmodifieddate
from main._party p join known.vendor v on v.vendor_id = p.key
left join (select vendor_id, sum(case kind when 'purchase' then open_amount else -open_amount end) as balance from known.document where kind like 'purchase%' group by vendor_id) b using (vendor_id)
where p.kind = 'vendor';
create table main.vendor as from wire.vendor limit 0;

create view wire.budgetcategory as select * from (values (1, 'Original', 'F'), (2, 'Reforecast Q1', 'F')) t (id, name, isinactive);
create view wire._budget as
select gapped(row_number() over (order by b.created_at, b.budget_id, l.account_code, l.department_id)) + 100 as id, b.budget_id, l.account_code, l.department_id, any_value(b.fiscal_year) as fiscal_year, any_value(b.version) as version,
    any_value(b.created_at) as created_at, sum(l.amount) as total
from meridian.company.budget b join meridian.company.budget_line l using (budget_id)
where b.entity_id = entity() and b.version in ('original', 'reforecast_q1') group by b.created_at, b.budget_id, l.account_code, l.department_id;
create table main._budget as from wire._budget limit 0;
create view wire.budgets as
select id, (fiscal_year - 2000) * 20 as year, account_number(account_code) as account, 1 as accountingbook, case version when 'original' then 1 else 2 end as category, null::bigint as class, 1 as currency, null::bigint as customer,
    department_number(department_id) as department, null::bigint as item, null::bigint as location, 1 as subsidiary, total::decimal(20, 4) as total
from main._budget where created_at <= horizon();
create view wire.budgetsmachine as
select b.id as budget, month_period(l.month) as period, l.amount::decimal(20, 4) as amount from main._budget b join known.budget_line l using (budget_id, account_code, department_id);

-- Deleted drafts and payments, and contacts whose numbers are those of living transactions: a number tells nothing without its record.
create view wire.deletedrecord as
with gone as (
    select d.document_id as key, case d.kind when 'sale' then 'Invoice' when 'sale_credit' then 'Credit Memo' when 'purchase' then 'Bill' else 'Bill Credit' end as type,
        case d.kind when 'sale' then 'CUSTINVC' when 'sale_credit' then 'CUSTCRED' when 'purchase' then 'VENDBILL' else 'VENDCRED' end as scriptid, d.number, d.deleted_at
    from known.document d where d.deleted_at is not null
    union all
    select p.payment_id, case d.kind when 'sale' then 'Payment' else 'Bill Payment' end, case d.kind when 'sale' then 'CUSTPYMT' else 'VENDPYMT' end, 'PAY-' || n.id, p.deleted_at
    from known.payment p join meridian.company.document d using (document_id) join main._number n on n.key = p.payment_id where p.deleted_at is not null
)
select g.type || ' #' || g.number as name, n.id as recordid, -30 as recordtypeid, g.scriptid, g.type, 'UIF' as context, clerk(g.key) as deletedby, here(g.deleted_at) as deleteddate, 'F' as iscustomlist, 'F' as iscustomrecord,
    'F' as iscustomtransaction
from gone g join main._number n using (key)
union all
select 'Contact ' || t.id, t.id, -6, 'CONTACT', 'Contact', 'UIF', 11, here(case t.n when 1 then p.first_date + interval 200 day else p.as_of_date + interval 5 day end), 'F', 'F', 'F'
from (select id, row_number() over (order by id) as n from main._transaction where type = 'CustInvc' and not is_draft) t cross join known.parameter p
where case t.n when 1 then p.first_date + interval 200 day when 2 then p.as_of_date + interval 5 day end <= horizon();

-- What BUILTIN.DF shows for a reference.
create view wire._shown as
select 'entity' as kind, id::varchar as id, entityid || ' ' || companyname as name from main.customer union all select 'entity', id::varchar, entityid || ' ' || companyname from main.vendor
union all select 'account', id::varchar, accountsearchdisplayname from main.account
union all select 'postingperiod', id::varchar, periodname from main.accountingperiod
union all select 'department', id::varchar, fullname from main.department union all select 'class', id::varchar, fullname from main.classification
union all select 'location', id::varchar, fullname from main.location union all select 'subsidiary', id::varchar, fullname from main.subsidiary
union all select 'currency', id::varchar, name from main.currency union all select 'item', id::varchar, itemid from main.item
union all select 'accountingbook', id::varchar, name from main.accountingbook union all select 'accttype', id, longname from main.accounttype
union all select distinct 'type', type, split_part(trandisplayname, ' #', 1) from main."transaction"
union all select * from (values ('status', 'CustInvc:A', 'Invoice : Open'), ('status', 'CustInvc:B', 'Invoice : Paid In Full'), ('status', 'CustInvc:D', 'Invoice : Pending Approval'), ('status', 'CustInvc:V', 'Invoice : Voided'),
    ('status', 'VendBill:A', 'Bill : Open'), ('status', 'VendBill:B', 'Bill : Paid In Full'), ('status', 'VendBill:D', 'Bill : Pending Approval'), ('status', 'VendBill:V', 'Bill : Voided'),
    ('status', 'CustCred:A', 'Credit Memo : Open'), ('status', 'CustCred:B', 'Credit Memo : Fully Applied'), ('status', 'VendCred:A', 'Bill Credit : Open'), ('status', 'VendCred:B', 'Bill Credit : Fully Applied'),
    ('status', 'CustPymt:C', 'Payment : Deposited'), ('status', 'VendPymt:Z', 'Bill Payment : Undefined'), ('status', 'CustRfnd:Z', 'Customer Refund : Undefined'), ('status', 'Check:Z', 'Check : Undefined'),
    ('status', 'Deposit:C', 'Deposit : Deposited'), ('status', 'Journal:B', 'Journal : Approved for Posting')) t (kind, id, name);
