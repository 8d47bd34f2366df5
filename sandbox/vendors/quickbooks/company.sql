-- What QuickBooks Online shows of the entity that keeps its books there: one row an object, its JSON body as the vendor writes it.
--
-- Invoices, credit memos, bills, vendor credits and payments are the company's documents and payments; bank transactions are purchases
-- and deposits; every other journal is a journal entry. An edit changes an object in place, a void leaves it with zero amounts, what is
-- deleted leaves a stub that only change data capture tells.
--
-- Derived, since the company's records do not hold them; each nets to nothing on its day, so that every account keeps its balance:
--   three receipts in ten are held in Undeposited Funds and deposited the same day; payments to three vendors in ten go by credit card,
--   which the bank pays off the same day; net wages are moved to a payroll account first.
-- A mistaken bill is corrected in place, or, one in two where nothing was paid or credited yet, deleted and entered again.
-- A draft that is deleted later is a document of zero amounts: QuickBooks knows no drafts, and a draft posts nothing.

create macro present(fields) as json_merge_patch('{}'::json, to_json(fields));
create macro amount(value) as round(value, 2)::double;
create macro ref(key, name) as case when key is not null then {'value': key, 'name': name} end;
-- The n-th Sunday's day of a month, for the vendor's own time zone: its servers stand in California.
create macro sunday(y, m, n) as make_date(y, m, 1) + ((7 - isodow(make_date(y, m, 1))) % 7 + 7 * (n - 1))::integer;
create macro is_summer(moment) as
    moment >= sunday(year(moment)::integer, 3, 2) + interval 10 hour and moment < sunday(year(moment)::integer, 11, 1) + interval 9 hour;
create macro stamp(moment) as
    strftime(moment - case when is_summer(moment) then interval 7 hour else interval 8 hour end, '%Y-%m-%dT%H:%M:%S') || case when is_summer(moment) then '-07:00' else '-08:00' end;
create macro born() as (select min(created_at) from known.account);
create macro usd() as {'value': 'USD', 'name': 'United States Dollar'};
create macro is_card_paid(vendor_id) as number_of('card' || vendor_id, 1) < 3;
create macro is_held(customer_id) as number_of('held' || customer_id, 1) < 3;

-- Lists that others refer to. Numbers are given in order of creation, so that new rows move none of the others.
create view wire.account as
with listed as (
    select account_code as code, name, class, type, system_role, description, created_at from known.account
    union all
    select x.*, born() from (values
        ('1005', 'Payroll Checking', 'asset', 'bank', null, 'Net wages are paid from here'),
        ('1050', 'Undeposited Funds', 'asset', 'undeposited', null, 'Receipts not yet at the bank'),
        ('2010', 'Business Credit Card', 'liability', 'credit_card', null, 'Paid off from the operating account')
    ) x (code, name, class, type, system_role, description)
)
select *, row_number() over (order by created_at, code)::varchar as id,
    case type when 'bank' then 'Bank' when 'receivable' then 'Accounts Receivable' when 'payable' then 'Accounts Payable' when 'fixed_asset' then 'Fixed Asset'
        when 'credit_card' then 'Credit Card' when 'term_liability' then 'Long Term Liability' when 'equity' then 'Equity' when 'retained_earnings' then 'Equity'
        when 'revenue' then 'Income' when 'other_income' then 'Other Income' when 'direct_cost' then 'Cost of Goods Sold' when 'expense' then 'Expense'
        when 'depreciation' then 'Other Expense' when 'fx_gain_loss' then 'Other Expense' when 'income_tax' then 'Other Expense'
        else case class when 'asset' then 'Other Current Asset' else 'Other Current Liability' end end as account_type,
    case type when 'bank' then 'Checking' when 'receivable' then 'AccountsReceivable' when 'payable' then 'AccountsPayable' when 'undeposited' then 'UndepositedFunds'
        when 'prepayment' then 'PrepaidExpenses' when 'current_asset' then 'OtherCurrentAssets' when 'credit_card' then 'CreditCard' when 'tax' then 'SalesTaxPayable'
        when 'deferred_revenue' then 'DeferredRevenue' when 'term_liability' then 'NotesPayable' when 'retained_earnings' then 'RetainedEarnings' when 'equity' then 'PaidInCapitalOrSurplus'
        when 'revenue' then 'ServiceFeeIncome' when 'other_income' then 'InterestEarned' when 'direct_cost' then 'OtherCostsOfServiceCos' when 'depreciation' then 'Depreciation'
        when 'fx_gain_loss' then 'ExchangeGainOrLoss' when 'income_tax' then 'OtherMiscellaneousExpense'
        when 'fixed_asset' then case code when '1590' then 'AccumulatedDepreciation' else 'MachineryAndEquipment' end
        when 'expense' then case code when '6100' then 'AdvertisingPromotional' when '6300' then 'RentOrLeaseOfBuildings' when '6400' then 'Travel' when '6600' then 'Insurance'
            when '6700' then 'BadDebts' when '6900' then 'BankCharges' when '6500' then 'LegalProfessionalFees' when '6000' then 'PayrollExpenses' else 'OfficeGeneralAdministrativeExpenses' end
        else 'OtherCurrentLiabilities' end as account_sub_type,
    case class when 'asset' then 'Asset' when 'liability' then 'Liability' when 'equity' then 'Equity' when 'revenue' then 'Revenue' else 'Expense' end as classification
from listed;
create table account as from wire.account limit 0;
create view wire.party as
with listed as (
    select 'Customer' as entity, customer_id as key, name, created_at from known.customer
    union all select 'Vendor', vendor_id, name, created_at from known.vendor
    union all
    select 'Employee', employee_id, first_name || ' ' || last_name, created_at from meridian.company.employee where entity_id = entity() and created_at <= horizon()
)
select *, row_number() over (order by created_at, key)::varchar as id from listed;
create table party as from wire.party limit 0;
-- A product has an item for its sales, and sub-items for what is credited and written off: a credit memo posts to its items' accounts.
create view wire.item as
with listed as (
    select p.*, k.kind, k.part, case k.kind when 'sale' then case product_id when 'prd-onb' then '4100' else '2200' end when 'credit' then '4000' else '6700' end as code
    from known.product p cross join (values ('sale', 1), ('credit', 2), ('write-off', 3)) k (kind, part)
)
select *, row_number() over (order by part, product_id)::varchar as id, case kind when 'sale' then name else name || ' ' || kind end as label from listed;
create table item as from wire.item limit 0;
create view wire.class as
with listed as (
    select department_id as key, name, null as parent, born() as created_at, born() as changed_at from known.department
    union all select campaign_id, name, 'marketing', created_at, changed_at from known.campaign
)
select *, row_number() over (order by created_at, key)::varchar as id from listed;
create table class as from wire.class limit 0;

-- Bills that were first posted to the wrong account. again: deleted and entered anew.
create view wire.correction as
select c.document_id, c.edited_at,
    number_of('again' || c.document_id, 1) < 5
    and not exists (select 1 from meridian.company.payment p where p.document_id = c.document_id and p.recorded_at <= c.edited_at)
    and not exists (select 1 from meridian.company.document n where n.credits_document_id = c.document_id and n.recorded_at <= c.edited_at) as again
from meridian.company.document c where c.entity_id = entity() and c.kind = 'purchase' and c.edited_at is not null;
create table correction as from wire.correction limit 0;

-- Every transaction that ever was, numbered in the order in which they became known.
create view wire.txn as
with credit_set_off as (
    select * from known.document d where kind in ('sale_credit', 'purchase_credit')
      and not exists (select 1 from meridian.company.payment p where p.document_id = d.document_id)
),
paid as (
    select p.*, d.kind, d.customer_id, d.vendor_id from known.payment p join known.document d using (document_id)
),
listed as (
    select document_id as key, 1 as part, case kind when 'sale' then 'Invoice' when 'sale_credit' then 'CreditMemo' when 'purchase' then 'Bill' else 'VendorCredit' end as entity, recorded_at as created_at,
        coalesce(deleted_at, case when c.again then by_then(c.edited_at) end) as deleted_at
    from known.document left join main.correction c using (document_id)
    union all select document_id || '/again', 1, 'Bill', edited_at, null from main.correction where again and edited_at <= horizon()
    union all select document_id || '/set-off', 2, case kind when 'sale_credit' then 'Payment' else 'BillPayment' end, recorded_at, null from credit_set_off
    union all select payment_id, 1, case kind when 'sale' then 'Payment' when 'sale_credit' then 'Purchase' else 'BillPayment' end, recorded_at, deleted_at from paid
    union all select payment_id || '/deposit', 2, 'Deposit', recorded_at, deleted_at from paid where kind = 'sale' and is_held(customer_id)
    union all select payment_id || '/card', 2, 'CreditCardPayment', recorded_at, deleted_at from paid where kind = 'purchase' and is_card_paid(vendor_id)
    union all select payment_id || '/set-off', 2, 'Payment', recorded_at, deleted_at from paid where kind = 'sale_credit'
    union all select bank_transaction_id, 2, case kind when 'spend' then 'Purchase' else 'Deposit' end, recorded_at, deleted_at from known.bank_transaction
    union all select bank_transaction_id || '/transfer', 1, 'Transfer', recorded_at, deleted_at from known.bank_transaction where bank_transaction_id like '%-wages-%'
    union all
    select journal_id, 1, 'JournalEntry', recorded_at, null from known.journal
    where source_type not in ('sale', 'purchase', 'sale_credit', 'purchase_credit', 'sale_payment', 'purchase_payment', 'refund', 'bank_spend', 'bank_receive')
)
select *, split_part(key, '/', 1) as base, row_number() over (order by created_at, key, part)::varchar as id from listed;
create table txn as from wire.txn limit 0;

-- What a payment takes off its document. A second payment of the same money finds nothing left: it stays unapplied.
create view wire.applied as
with due as (
    select d.document_id, d.total - coalesce((select sum(n.total) from meridian.company.document n where n.credits_document_id = d.document_id
        and not exists (select 1 from meridian.company.payment q where q.document_id = n.document_id)), 0) as due from known.document d
),
living as (
    select p.*, u.due, coalesce(sum(p.amount_txn) over (partition by p.document_id order by p.recorded_at, p.payment_id rows between unbounded preceding and 1 preceding), 0) as before_it
    from known.payment p join due u using (document_id) where p.deleted_at is null
)
select *, greatest(0, least(amount_txn, due - before_it))::decimal(20, 4) as applied from living;
create table applied as from wire.applied limit 0;

-- Documents as they stand: amounts are zero once voided; while a correction is still to come, the account is the wrong one.
create view wire.document as
with happened as (
    select document_id, recorded_at as at_time from known.document
    union select document_id, unnest([edited_at, voided_at]) from known.document
    union select document_id, recorded_at from known.payment
    union select document_id, deleted_at from known.payment
    union select unnest([document_id, credits_document_id]), recorded_at from known.document where kind in ('sale_credit', 'purchase_credit')
),
changed as (
    select t.key, count(*) as changes, max(h.at_time) as changed_at
    from main.txn t join happened h on h.document_id = t.base and h.at_time > t.created_at and h.at_time < coalesce(t.deleted_at, timestamp '9999-12-31')
    where t.entity in ('Invoice', 'CreditMemo', 'Bill', 'VendorCredit') group by t.key
),
settled as (
    select document_id, sum(applied) as settled from main.applied group by document_id
)
select t.key, t.entity, t.id, t.created_at, t.deleted_at, coalesce(c.changes, 0) as changes, coalesce(t.deleted_at, c.changed_at, t.created_at) as changed_at, d.* exclude (deleted_at, changed_at, recorded_at),
    case when d.is_draft or d.voided_at is not null then 0 else 1 end as weight,
    case when d.is_draft or d.voided_at is not null then 0 else d.total - coalesce(s.settled, 0) - d.credited end::decimal(20, 4) as balance,
    coalesce(x.edited_at > horizon(), false) as is_mistaken
from main.txn t join known.document d on d.document_id = t.base left join changed c using (key) left join settled s on s.document_id = d.document_id
left join main.correction x on x.document_id = d.document_id
where t.entity in ('Invoice', 'CreditMemo', 'Bill', 'VendorCredit');
create table document as from wire.document limit 0;
create view wire.document_now as select document_id, key, id, entity from main.document where deleted_at is null;
create table document_now as from wire.document_now limit 0;

-- What settled a document, as its LinkedTxn tells.
create view wire.link as
select a.document_id, t.id, case t.entity when 'Payment' then 'Payment' when 'Purchase' then 'Check' when 'BillPayment' then case when is_card_paid(d.vendor_id) then 'BillPaymentCreditCard' else 'BillPaymentCheck' end end as entity
from main.applied a join main.txn t on t.key = a.payment_id join known.document d using (document_id) where a.applied > 0
union all
select p.document_id, t.id, 'Payment' from known.payment p join main.txn t on t.key = p.payment_id || '/set-off' where p.deleted_at is null
union all
select unnest([n.document_id, n.credits_document_id]), t.id, case t.entity when 'Payment' then 'Payment' else 'BillPaymentCheck' end
from known.document n join main.txn t on t.key = n.document_id || '/set-off';
create table link as from wire.link limit 0;
create view wire.links as select document_id, list({'TxnId': id, 'TxnType': entity} order by id::bigint) as linked from main.link group by document_id;
create table links as from wire.links limit 0;
