-- Journals: what happened, in double entry. Every journal balances in the entity's currency and in that of the transaction.

-- Amounts of a document's lines in the entity's currency. The control line is the document's total at its rate, exactly; what rounding leaves
-- goes to the largest line.
create temp table document_posting as
with converted as (
    select d.document_id, d.entity_id, d.kind, l.line_number, l.account_code, l.net_amount, l.tax_amount, s.currency as entity_currency,
        money(l.net_amount::double / d.fx_rate::double, s.currency) as net_func, money(d.total::double / d.fx_rate::double, s.currency) as total_func,
        money(d.tax::double / d.fx_rate::double, s.currency) as tax_func
    from company.document d join company.document_line l using (document_id) join shape s using (entity_id)
),
settled as (
    select *, total_func - tax_func - sum(net_func) over (partition by document_id) as residual,
        row_number() over (partition by document_id order by abs(net_amount) desc, line_number) as size_rank
    from converted
)
select * replace (net_func + case when size_rank = 1 then residual else 0 end as net_func) from settled;

create temp table posting (
    journal_id varchar, entity_id varchar, journal_date date, recorded_at timestamp, source_type varchar, source_id varchar, description varchar, reverses_journal_id varchar,
    seq integer, account_code varchar, amount_func decimal(20, 4), amount_txn decimal(20, 4), currency_txn varchar, line_description varchar,
    department_id varchar, campaign_id varchar, product_id varchar, customer_id varchar, vendor_id varchar, partner_entity_id varchar, tax_type varchar, tax_amount decimal(20, 4)
);

-- Documents: control account, lines, tax.
create temp macro control_of(kind, partner, books) as
    case when kind like 'sale%' then case when partner is not null and books <> 'xero' then '1150' else '1100' end
         else case when partner is not null and books <> 'xero' then '2050' else '2000' end end;
create temp table posted_document as
select d.*, s.books, s.currency as entity_currency, case when kind in ('sale', 'purchase_credit') then 1 else -1 end as control_sign
from company.document d join shape s using (entity_id)
where d.deleted_at is null;

insert into posting
with body as (
    select d.document_id, 0 as seq, control_of(d.kind, d.partner_entity_id, d.books) as account_code,
        d.control_sign * p.total_func as amount_func, d.control_sign * d.total as amount_txn, d.number as line_description, null as department_id, null as campaign_id, null as product_id, null as tax_type, 0 as tax_amount
    from posted_document d join (select distinct document_id, total_func from document_posting) p using (document_id)
    union all
    select d.document_id, l.line_number, l.account_code, -d.control_sign * p.net_func, -d.control_sign * l.net_amount, l.description, l.department_id, l.campaign_id, l.product_id, l.tax_type, -d.control_sign * l.tax_amount
    from posted_document d join company.document_line l using (document_id) join document_posting p using (document_id, line_number)
    union all
    select d.document_id, 1000, '2100', -d.control_sign * p.tax_func, -d.control_sign * d.tax, 'Sales tax', null, null, null, null, 0
    from posted_document d join (select distinct document_id, tax_func from document_posting) p using (document_id) where d.tax <> 0
),
-- An edited bill was first posted to the wrong account: posted, reversed, posted again.
steps as (
    select document_id, 'jnl-' || document_id as journal_id, recorded_at as happened_at, 1 as sign, null as reverses, edited_at is not null as is_mistake from posted_document
    union all select document_id, 'jnl-' || document_id || '-r', edited_at, -1, 'jnl-' || document_id, true from posted_document where edited_at is not null
    union all select document_id, 'jnl-' || document_id || '-e', edited_at, 1, null, false from posted_document where edited_at is not null
    union all select document_id, 'jnl-' || document_id || '-v', voided_at, -1, 'jnl-' || document_id, false from posted_document where voided_at is not null
)
select s.journal_id, d.entity_id, d.issue_date, s.happened_at, d.kind, d.document_id, d.number, s.reverses, b.seq,
    case when s.is_mistake and b.seq between 1 and 999 and d.kind = 'purchase' then '6500' else b.account_code end, s.sign * b.amount_func, s.sign * b.amount_txn, d.currency, b.line_description,
    b.department_id, b.campaign_id, b.product_id, d.customer_id, d.vendor_id, d.partner_entity_id, b.tax_type, s.sign * b.tax_amount
from steps s join posted_document d using (document_id) join body b using (document_id);

-- Payments: the open item goes at the rate of its document, the bank moves at the rate of the day, the difference is a currency gain or loss.
insert into posting
with paid as (
    select p.*, d.kind, d.fx_rate as document_rate, d.customer_id, d.vendor_id, d.partner_entity_id, d.number, s.books, s.currency as entity_currency,
        case when d.kind in ('sale', 'purchase_credit') then 1 else -1 end as bank_sign,
        t.total_func, d.total,
        sum(case when p.deleted_at is null then p.amount_txn else 0 end) over (partition by p.document_id order by p.payment_id) as paid_so_far
    from company.payment p join company.document d using (document_id) join shape s on s.entity_id = p.entity_id
    join (select distinct document_id, total_func from document_posting) t using (document_id)
),
relieved as (
    select *, case when deleted_at is not null then money(amount_txn::double / document_rate::double, entity_currency)
        -- A full payment takes away the whole open item; parts add up to it.
        else money(total_func::double * (paid_so_far::double / total::double), entity_currency)
             - money(total_func::double * ((paid_so_far - amount_txn)::double / total::double), entity_currency) end as relief
    from paid
),
body as (
    select payment_id, 0 as seq, bank_account_code as account_code, bank_sign * amount_func as amount_func, bank_sign * amount_txn as amount_txn from relieved
    union all select payment_id, 1, control_of(kind, partner_entity_id, books), -bank_sign * relief, -bank_sign * amount_txn from relieved
    union all select payment_id, 2, '7100', bank_sign * (relief - amount_func), 0 from relieved where relief <> amount_func
),
steps as (
    select payment_id, 'jnl-' || payment_id as journal_id, recorded_at as happened_at, 1 as sign, null as reverses from company.payment
    union all select payment_id, 'jnl-' || payment_id || '-d', deleted_at, -1, 'jnl-' || payment_id from company.payment where deleted_at is not null
)
select s.journal_id, r.entity_id, r.payment_date, s.happened_at, case when r.kind = 'sale_credit' then 'refund' when r.kind = 'sale' then 'sale_payment' else 'purchase_payment' end, r.payment_id,
    r.reference, s.reverses, b.seq, b.account_code, s.sign * b.amount_func, s.sign * b.amount_txn, r.currency, r.reference, null, null, null, r.customer_id, r.vendor_id, r.partner_entity_id, null, 0
from steps s join relieved r using (payment_id) join body b using (payment_id);

insert into posting
select 'jnl-' || bank_transaction_id, entity_id, transaction_date, recorded_at, case kind when 'spend' then 'bank_spend' else 'bank_receive' end, bank_transaction_id, description, null, side,
    case side when 0 then bank_account_code else account_code end, amount * case when (kind = 'spend') = (side = 0) then -1 else 1 end, amount * case when (kind = 'spend') = (side = 0) then -1 else 1 end,
    currency, description, case side when 1 then department_id end, null, null, null, vendor_id, null, case side when 1 then 'none' end, 0
from (select *, total as amount from company.bank_transaction) cross join (values (0), (1)) s (side);

-- Wages, on the last day of the month.
insert into posting
with wages as (
    select h.*, s.currency, last_day(h.month) as month_end, money(h.wages::double * 0.2, s.currency) as social from heads h join shape s using (entity_id)
),
body as (
    select entity_id, month_end, currency, case department_id when 'support' then '5100' else '6000' end as account_code, department_id, wages as amount, 'Wages ' || department_id as text from wages
    union all select entity_id, month_end, currency, '6050', department_id, social, 'Social security ' || department_id from wages
    union all select entity_id, month_end, any_value(currency), '2400', null, -sum(wages + social), 'Payroll liabilities' from wages group by entity_id, month_end
)
select 'jnl-prl-' || entity_id || '-' || strftime(month_end, '%Y%m'), entity_id, month_end, month_end::timestamp + interval 17 hour, 'payroll', null, 'Payroll ' || strftime(month_end, '%Y-%m'), null,
    (row_number() over (partition by entity_id, month_end order by account_code, department_id))::integer, account_code, amount, amount, currency, text, department_id, null, null, null, null, null, null, 0
from body where month_end <= getvariable('last_date');

-- Revenue is earned by the day: at each month's end as much is earned as days have passed of the period billed.
create temp table earned as
with deferred as (
    select d.entity_id, l.product_id, l.service_start_date as from_date, l.service_end_date as to_date, p.net_func, s.currency as entity_currency
    from company.document d join company.document_line l using (document_id) join document_posting p using (document_id, line_number) join shape s on s.entity_id = d.entity_id
    where d.kind = 'sale' and l.account_code = '2200' and d.voided_at is null and d.deleted_at is null
    union all
    select entity_id, product_id, from_date, to_date, net_func, entity_currency from billed_before
),
shared as (
    select d.*, m.month, m.month_end, date_diff('day', d.from_date, d.to_date) + 1 as days,
        greatest(0, least(date_diff('day', d.from_date, m.month_end) + 1, date_diff('day', d.from_date, d.to_date) + 1)) as days_to_end,
        greatest(0, least(date_diff('day', d.from_date, m.month), date_diff('day', d.from_date, d.to_date) + 1)) as days_before
    from deferred d join entity_month m on m.entity_id = d.entity_id and m.month <= d.to_date and m.month_end >= d.from_date
)
select entity_id, product_id, month, month_end, entity_currency as currency,
    sum(money(net_func::double * days_to_end / days, entity_currency) - money(net_func::double * days_before / days, entity_currency)) as amount
from shared group by all;
insert into posting
select 'jnl-rev-' || entity_id || '-' || strftime(month, '%Y%m'), entity_id, month_end, month_end::timestamp + interval 42 hour, 'revenue_recognition', null, 'Revenue earned ' || strftime(month, '%Y-%m'), null,
    (row_number() over (partition by entity_id, month order by product_id, side))::integer, case side when 0 then '2200' else '4000' end,
    case side when 0 then amount else -amount end, case side when 0 then amount else -amount end, currency, 'Earned ' || product_id[5:], null, null, product_id, null, null, null, null, 0
from earned cross join (values (0), (1)) s (side)
where amount <> 0 and month_end <= getvariable('last_date');

-- The month's end: depreciation, an accrual that is reversed the next day, the valuation of open foreign items where the books post one.
create temp table foreign_open as
with ends as (
    select d.document_id, d.entity_id, d.kind, d.currency, s.currency as entity_currency, m.month_end, d.total, t.total_func, d.fx_rate,
        coalesce((select sum(p.amount_txn) from company.payment p where p.document_id = d.document_id and p.payment_date <= m.month_end and p.deleted_at is null), 0)
        + coalesce((select sum(c.total) from company.document c where c.credits_document_id = d.document_id and c.issue_date <= m.month_end and c.kind in ('sale_credit', 'purchase_credit')
                    and not exists (select 1 from company.payment q where q.document_id = c.document_id)), 0) as settled
    from posted_document d join shape s using (entity_id) join entity_month m on m.entity_id = d.entity_id and m.month_end >= d.issue_date and m.month_end < d.issue_date + 200
    join (select distinct document_id, total_func from document_posting) t using (document_id)
    where d.currency <> s.currency and s.books <> 'xero' and d.voided_at is null and d.kind in ('sale', 'purchase')
)
select e.entity_id, e.month_end, e.entity_currency, sum(case e.kind when 'sale' then 1 else -1 end
    * (money((total - settled)::double / units_per(d.units_per_eur, f.units_per_eur)::double, e.entity_currency) - money((total - settled)::double / e.fx_rate::double, e.entity_currency))) as gain
from ends e join daily_rate d on d.day = e.month_end and d.currency = e.currency join daily_rate f on f.day = e.month_end and f.currency = e.entity_currency
where total > settled group by all having gain <> 0;

insert into posting
with entries as (
    select 'dep' as what, entity_id, month_end as day, month_end::timestamp + interval 20 hour as at_time, 'depreciation' as source_type, 'Depreciation' as description, '6800' as debit, '1590' as credit, money(1900 * staff * salary * pow(1.01, month_index(month)), m.currency) as amount, m.currency, 'general' as department_id, null as reverses
    from entity_month m join shape s using (entity_id)
    union all
    select 'acc', entity_id, month_end, month_end::timestamp + interval 40 hour, 'accrual', 'Services received, not billed', '6500', '2300', money(2600 * staff * salary * (0.8 + 0.4 * chance('accrual', entity_id || month::varchar)), m.currency), m.currency, 'general', null
    from entity_month m join shape s using (entity_id)
    union all
    select 'acr', entity_id, month_end + 1, month_end::timestamp + interval 40 hour, 'accrual', 'Services received, not billed: reversed', '2300', '6500', money(2600 * staff * salary * (0.8 + 0.4 * chance('accrual', entity_id || month::varchar)), m.currency), m.currency, 'general', 'acc'
    from entity_month m join shape s using (entity_id)
    union all
    select 'fxv', entity_id, month_end, month_end::timestamp + interval 41 hour, 'fx_revaluation', 'Valuation of open foreign items', case when gain > 0 then '1190' else '7110' end, case when gain > 0 then '7110' else '1190' end, abs(gain), entity_currency, null, null from foreign_open
    union all
    select 'fxr', entity_id, month_end + 1, month_end::timestamp + interval 41 hour, 'fx_revaluation', 'Valuation of open foreign items: reversed', case when gain > 0 then '7110' else '1190' end, case when gain > 0 then '1190' else '7110' end, abs(gain), entity_currency, null, 'fxv' from foreign_open
)
select 'jnl-' || what || '-' || entity_id || '-' || strftime(case when reverses is null then day else day - 1 end, '%Y%m'), entity_id, day, at_time, source_type, null, description,
    case when reverses is not null then 'jnl-' || reverses || '-' || entity_id || '-' || strftime(day - 1, '%Y%m') end, side, case side when 0 then debit else credit end,
    case side when 0 then amount else -amount end, case side when 0 then amount else -amount end, currency, description, case when (case side when 0 then debit else credit end)[1] in ('6') then department_id end, null, null, null, null, null, null, 0
from entries cross join (values (0), (1)) s (side)
where day <= getvariable('last_date') and amount <> 0;

-- The opening balance: cash, equipment, a loan, what was billed and is not yet earned, the shares in entities of the group, and the
-- capital that remains. Shares are at cost: the owned part of what the entity was worth on that day.
create temp table opening as
with sizes as (
    select s.*, (select sum(b.net_func - money(b.net_func::double * greatest(0, date_diff('day', b.from_date, s.start_date)) / (date_diff('day', b.from_date, b.to_date) + 1), s.currency))
                 from billed_before b where b.entity_id = s.entity_id) as deferred,
        (select sum(mrr) from monthly_revenue r where r.entity_id = s.entity_id and r.month = s.start_date) as mrr,
        (select sum(wages) from heads h where h.entity_id = s.entity_id and h.month = s.start_date) as wages
    from shape s
)
-- The parent has what it will buy for.
select entity_id, start_date, currency, '1000' as account_code, money(mrr::double * 6 + wages::double * case entity_id when 'us' then 12 else 8 end, currency) as amount, null::varchar as partner_entity_id from sizes
union all select entity_id, start_date, currency, '1500', money(110000 * staff * salary, currency), null from sizes
union all select entity_id, start_date, currency, '1590', -money(38000 * staff * salary, currency), null from sizes
union all select entity_id, start_date, currency, '2200', -coalesce(deferred, 0), null from sizes
union all select entity_id, start_date, currency, '2600', -money(150000 * staff * salary, currency), null from sizes
union all select entity_id, start_date, currency, '3000', -money(250000 * staff * salary, currency), null from sizes;

create temp table shares as
select e.parent_entity_id as entity_id, e.entity_id as partner_entity_id, p.currency, o.start_date, o.start_date > p.start_date as is_bought,
    money(sum(o.amount)::double / any_value(d.units_per_eur)::double * any_value(u.units_per_eur)::double * any_value(e.ownership_pct)::double / 100, p.currency) as worth
from opening o join company.entity e using (entity_id) join shape p on p.entity_id = e.parent_entity_id
join daily_rate d on d.day = o.start_date - 1 and d.currency = o.currency join daily_rate u on u.day = o.start_date - 1 and u.currency = p.currency
where o.account_code <> '3000' group by e.parent_entity_id, e.entity_id, p.currency, o.start_date, p.start_date;

insert into posting
with body as (
    select * from opening
    union all select entity_id, start_date, currency, '1700', worth, partner_entity_id from shares where not is_bought
),
balanced as (
    select * from body union all select entity_id, start_date, currency, '3200', -sum(amount), null from body group by entity_id, start_date, currency
)
select 'jnl-opening-' || entity_id, entity_id, start_date - 1, start_date::timestamp, 'opening', null, 'Opening balance', null, row_number() over (partition by entity_id order by account_code, partner_entity_id)::integer,
    account_code, amount, amount, currency, 'Opening balance', null, null, null, null, null, partner_entity_id, null, 0
from balanced where amount <> 0;

-- An entity that joins later is bought for cash, for more than it is worth in its books.
insert into posting
select 'jnl-acquired-' || s.partner_entity_id, s.entity_id, s.start_date, s.start_date::timestamp + interval 12 hour, 'manual', null, 'Acquisition of ' || e.name, null, side + 1,
    case side when 0 then '1700' else '1000' end, case side when 0 then money(worth::double * 1.35, s.currency) else -money(worth::double * 1.35, s.currency) end,
    case side when 0 then money(worth::double * 1.35, s.currency) else -money(worth::double * 1.35, s.currency) end, s.currency, 'Acquisition of ' || e.name, null, null, null, null, null,
    case side when 0 then s.partner_entity_id end, null, 0
from shares s join company.entity e on e.entity_id = s.partner_entity_id cross join (values (0), (1)) t (side)
where is_bought;

insert into company.journal
select journal_id, any_value(entity_id), any_value(journal_date), any_value(recorded_at), any_value(source_type), any_value(source_id), any_value(description), any_value(reverses_journal_id)
from posting group by journal_id order by 3, 1;
insert into company.journal_line
select journal_id, row_number() over (partition by journal_id order by seq)::integer, account_code, amount_func, amount_txn, currency_txn, line_description, department_id, campaign_id, product_id, customer_id,
    vendor_id, partner_entity_id, tax_type, tax_amount
from posting order by 1, 2;
