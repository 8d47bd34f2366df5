-- Payments of documents, and what the bank does without a document: wages, taxes, fees, interest.

create temp table to_pay as
with credited as (
    select credits_document_id as document_id, sum(total) as credited from company.document d
    where kind in ('sale_credit', 'purchase_credit')
      and not exists (select 1 from sale s where s.document_id = d.credits_document_id and s.credit = 'refunded')
    group by credits_document_id
)
select d.*, s.currency as entity_currency, d.total - coalesce(c.credited, 0) as due,
    case d.kind when 'sale' then case when d.partner_entity_id is null
             then d.due_date + floor(6 + 9 * normal('pays late', d.customer_id) + 4 * normal('pays', d.document_id))::integer else d.due_date end
         when 'sale_credit' then d.issue_date + 5
         else d.due_date + floor(chance('run', d.document_id) * 4)::integer end as planned
from company.document d
join shape s using (entity_id)
left join credited c on c.document_id = d.document_id and d.kind in ('sale', 'purchase')
where d.voided_at is null and d.deleted_at is null
  and (d.kind in ('sale', 'purchase') or exists (select 1 from sale x where x.document_id = d.credits_document_id and x.credit = 'refunded'));

insert into company.payment
with dated as (
    select * exclude (deleted_at), workday(greatest(planned, issue_date + 1, (recorded_at + interval 1 day)::date)) as pay_date,
        kind = 'sale' and partner_entity_id is null and due > 100 and chance('two payments', document_id) < 0.05 as in_two,
        kind in ('sale', 'purchase') and partner_entity_id is null and flaw('payment deleted', document_id) < 0.004 as keyed_wrong
    from to_pay where due > 0
),
parts as (
    select *, 1 as part, case when in_two then money(due::double * 0.4, currency) else due end as amount, pay_date as day, null::timestamp as deleted_at from dated
    union all
    select *, 2, due - money(due::double * 0.4, currency), workday(pay_date + 12 + floor(chance('second half', document_id) * 8)::integer), null from dated where in_two
    union all
    select *, 0, due, workday(greatest(pay_date - 4, issue_date + 1)), (workday(greatest(pay_date - 4, issue_date + 1)) + 2)::timestamp + interval 10 hour from dated where keyed_wrong and not in_two
),
rated as (
    select p.*, case when p.currency = p.entity_currency then 1 else units_per(d.units_per_eur, e.units_per_eur) end as rate
    from parts p join daily_rate d on d.day = p.day and d.currency = p.currency join daily_rate e on e.day = p.day and e.currency = p.entity_currency
)
select 'pay-' || document_id || '-' || part, entity_id, document_id, day, amount, currency, rate, money(amount::double / rate::double, entity_currency), '1000',
    case when kind = 'sale' then 'Receipt ' else 'Payment ' end || number,
    -- Banks report the next morning; nothing is paid before the document is known.
    greatest(day::timestamp + interval 30 hour, recorded_at + interval 2 hour) + to_minutes(floor(chance('bank feed', document_id || part) * 120)::integer), deleted_at + interval 30 hour
from rated where day <= getvariable('last_date');

insert into truth.defect
select 'payment_deleted-' || payment_id, 'payment_deleted', entity_id, 'payment', payment_id, deleted_at, document_id from company.payment where deleted_at is not null
union all
select 'refund-' || p.payment_id, 'refund', p.entity_id, 'payment', p.payment_id, p.recorded_at, p.document_id from company.payment p join company.document d using (document_id) where d.kind = 'sale_credit';

-- Sales tax of a quarter is settled on the 7th of the second month after it.
create temp table tax_due as
select d.entity_id, date_trunc('quarter', d.issue_date)::date as quarter, any_value(s.currency) as currency,
    sum(money(l.tax_amount::double / d.fx_rate::double, s.currency) * case when d.kind in ('sale', 'purchase_credit') then 1 else -1 end) as amount
from company.document d join company.document_line l using (document_id) join shape s using (entity_id)
where d.voided_at is null and d.deleted_at is null group by d.entity_id, quarter having amount <> 0;

insert into company.bank_transaction
with payroll as (
    select entity_id, month, sum(wages) as wages, sum(money(wages::double * 0.2, currency)) as social, any_value(currency) as currency
    from heads join shape using (entity_id) group by entity_id, month
),
events as (
    select 'wages' as what, entity_id, 'spend' as kind, workday(last_day(month) - 3) as day, '2400' as account_code, 'Net wages ' || strftime(month, '%Y-%m') as description, money(wages::double * 0.68, currency) as amount, currency, null as department_id, null as vendor_id from payroll
    union all
    select 'payroll-tax', entity_id, 'spend', workday((month + interval 1 month + interval 14 day)::date), '2400', 'Wage tax and social security ' || strftime(month, '%Y-%m'), wages + social - money(wages::double * 0.68, currency), currency, null, null from payroll
    union all
    select 'fee', m.entity_id, 'spend', m.month_end, '6900', 'Account fees', money((45 + 25 * chance('fee', m.entity_id || m.month::varchar)) * s.salary, m.currency), m.currency, 'general', null from entity_month m join shape s using (entity_id)
    union all
    select 'processing', r.entity_id, 'spend', last_day(r.month), '5200', 'Payment processing', money(r.mrr::double * 0.006, s.currency), s.currency, 'support', null from monthly_revenue r join shape s using (entity_id)
    union all
    select 'interest', r.entity_id, 'receive', last_day(r.month), '7000', 'Interest', money(r.mrr::double * 0.011 * (0.9 + 0.2 * chance('interest', r.entity_id || r.month::varchar)), s.currency), s.currency, 'general', null from monthly_revenue r join shape s using (entity_id)
    union all
    select 'sales-tax', entity_id, case when amount > 0 then 'spend' else 'receive' end, workday((quarter + interval 4 month + interval 6 day)::date), '2100', 'Sales tax ' || year(quarter) || ' Q' || quarter(quarter), abs(amount), currency, null, null from tax_due
)
select 'bnk-' || entity_id || '-' || what || '-' || strftime(day, '%Y%m%d'), entity_id, kind, vendor_id, day, account_code, '1000', description, amount, 0, amount, currency, department_id,
    day::timestamp + interval 30 hour + to_minutes(floor(chance('bank feed', entity_id || what || day::varchar) * 120)::integer), null
from events where day <= getvariable('last_date') and amount > 0;
