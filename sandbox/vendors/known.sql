-- What one entity's systems know at the horizon: the company's records of that entity up to then, and only what had happened to them by then.
-- Schema `known` is shared by the vendors that show tables; each builds its own `wire` views on it.

create schema known;
create schema wire;
create macro horizon() as getvariable('horizon')::timestamp;
create macro entity() as getvariable('entity');
create macro by_then(moment) as case when moment <= horizon() then moment end;
-- A number that a record keeps for ever: from its key, so that new records move none of the others.
create macro number_of(key, digits) as (hash(key) % pow(10, digits)::ubigint)::bigint;

create view known.entity as select e.* from meridian.company.entity e where e.entity_id = entity();
create view known.parameter as from meridian.company.parameter;
create view known.account as select * from meridian.company.account where entity_id = entity();
create view known.department as from meridian.company.department;
create view known.product as from meridian.company.product;
create view known.fx_rate as select * from meridian.company.fx_rate where published_at <= horizon();
create view known.customer as
select c.customer_id, c.billing_name as name, c.billing_email as email, o.tax_id, o.street, o.city, o.postal_code, o.country, o.phone, c.created_at
from meridian.company.customer c join meridian.company.organization o using (organization_id)
where c.entity_id = entity() and c.created_at <= horizon();
create view known.vendor as select * from meridian.company.vendor where entity_id = entity() and created_at <= horizon();
create view known.campaign as
select campaign_id, case when renamed_at <= horizon() then renamed_to else name end as name, channel, start_date, end_date, created_at,
    greatest(created_at, coalesce(by_then(renamed_at), created_at)) as changed_at
from meridian.company.campaign where entity_id = entity() and created_at <= horizon();

create view known.payment as
select payment_id, document_id, payment_date, amount_txn, currency, fx_rate, amount_func, bank_account_code, reference, recorded_at,
    by_then(deleted_at) as deleted_at, coalesce(by_then(deleted_at), recorded_at) as changed_at
from meridian.company.payment where entity_id = entity() and recorded_at <= horizon();
create view known.bank_transaction as
select * replace (by_then(deleted_at) as deleted_at) from meridian.company.bank_transaction where entity_id = entity() and recorded_at <= horizon();

-- Documents with what has been settled of them. A credit note that is not paid out is set against its document at once.
create view known.document as
with settled as (
    select document_id, sum(amount_txn) as paid, max(changed_at) as at_time from (
        select document_id, case when deleted_at is null then amount_txn else 0 end as amount_txn, changed_at from known.payment
    ) group by document_id
),
set_off as (
    select unnest([credits_document_id, document_id]) as document_id, total, recorded_at from meridian.company.document d
    where entity_id = entity() and credits_document_id is not null and recorded_at <= horizon()
      and not exists (select 1 from meridian.company.payment p where p.document_id = d.document_id)
),
credited as (select document_id, sum(total) as credited, max(recorded_at) as at_time from set_off group by document_id)
select d.* replace (by_then(d.edited_at) as edited_at, by_then(d.voided_at) as voided_at, by_then(d.deleted_at) as deleted_at),
    d.deleted_at is not null as is_draft,
    coalesce(s.paid, 0)::decimal(20, 4) as paid, coalesce(c.credited, 0)::decimal(20, 4) as credited,
    case when d.deleted_at is not null or d.voided_at <= horizon() then 0 else d.total - coalesce(s.paid, 0) - coalesce(c.credited, 0) end::decimal(20, 4) as open_amount,
    greatest(d.recorded_at, coalesce(by_then(d.edited_at), d.recorded_at), coalesce(by_then(d.voided_at), d.recorded_at), coalesce(by_then(d.deleted_at), d.recorded_at),
        coalesce(s.at_time, d.recorded_at), coalesce(c.at_time, d.recorded_at)) as changed_at
from meridian.company.document d left join settled s using (document_id) left join credited c using (document_id)
where d.entity_id = entity() and d.recorded_at <= horizon();
create view known.document_line as
select l.* from meridian.company.document_line l join known.document using (document_id);

create view known.journal as
select * from meridian.company.journal where entity_id = entity() and recorded_at <= horizon();
create view known.journal_line as
select l.* from meridian.company.journal_line l join known.journal using (journal_id);
-- Books hold the budget and what was forecast after its first quarter; planning tools all versions, their drivers, and what was changed.
create view known.plan_version as
select * replace (by_then(locked_at) as locked_at) from meridian.company.budget where entity_id = entity() and created_at <= horizon();
create view known.plan_line as
select l.* replace (coalesce(e.amount, l.amount) as amount)
from meridian.company.budget_line l join known.plan_version using (budget_id)
left join meridian.company.plan_edit e on e.budget_id = l.budget_id and e.account_code = l.account_code and e.department_id = l.department_id and e.month = l.month
    and e.edited_at <= horizon();
-- What was is known when its month is over.
create view known.plan_driver as
select d.* from meridian.company.plan_driver d join known.plan_version v using (budget_id) where v.version <> 'actuals' or last_day(d.month) < horizon()::date;
create view known.plan_target as select * from meridian.company.target where coalesce(entity_id, entity()) = entity();
create view known.budget as select * from known.plan_version where version in ('original', 'reforecast_q1');
create view known.budget_line as select l.* from meridian.company.budget_line l join known.budget using (budget_id);
