-- Won firms become customers and subscribe for a year at a time; most renew, some add seats, some leave.

create temp table contract as
select replace(f.organization_id, 'org-', 'cus-') as customer_id, f.organization_id, f.entity_id, d.opportunity_id as first_opportunity_id,
    case when f.is_base then (s.start_date - 1 - floor(chance('base start', f.organization_id) * 364)::integer)::date
         else (d.full_close::date + 1 + floor(chance('begins', f.organization_id) * 9)::integer)::date end as start_date,
    -- Years that a customer stays: seven of eight renew.
    1 + floor(ln(1 - chance('stays', f.organization_id)) / ln(0.875))::integer as terms
from firm f
join shape s using (entity_id)
left join deal d on d.organization_id = f.organization_id and d.won
where f.is_base or (d.opportunity_id is not null and d.full_close <= getvariable('last_date'));

insert into company.customer
select c.customer_id, c.entity_id, c.organization_id,
    -- Accounting writes the name its own way for one in seven.
    case when flaw('name spelled', c.customer_id) < 0.05 then regexp_replace(o.name, ' (Ltd|Inc\.|GmbH)$', ' Limited')
         when flaw('name spelled', c.customer_id) < 0.10 then upper(o.name)
         when flaw('name spelled', c.customer_id) < 0.14 then replace(o.name, ' ', '  ')
         else o.name end,
    'accounts@' || o.domain, c.start_date,
    case when c.start_date + to_months(12 * c.terms) <= getvariable('last_date') then (c.start_date + to_months(12 * c.terms))::date end,
    at_work(c.start_date, 'customer recorded', c.customer_id) - interval 1 day
from contract c join company.organization o using (organization_id);

insert into truth.defect
select 'spelling-' || c.customer_id, 'name_differs', c.entity_id, 'customer', c.customer_id, c.created_at, o.name || ' -> ' || c.billing_name
from company.customer c join company.organization o using (organization_id) where c.billing_name <> o.name;

create temp table term as
select c.*, b.currency, b.billing_months, number,
    (c.start_date + to_months(12 * number))::date as term_start, (c.start_date + to_months(12 * number + 12) - interval 1 day)::date as term_end,
    case when number = 0 then c.first_opportunity_id else 'opp-' || c.customer_id[5:] || '-r' || number end as opportunity_id
from (select *, unnest(generate_series(0, least(terms - 1, 6)))::integer as number from contract) c
join firm_terms b using (organization_id)
where c.start_date + to_months(12 * number) <= getvariable('last_date');

-- Renewals as the CRM sees them: the firm is asked two months ahead, and decides in the last weeks of the term.
insert into company.opportunity
with asked as (
    select c.customer_id, c.organization_id, c.entity_id, c.terms, b.currency, unnest(generate_series(1, least(c.terms, 6)))::integer as number, c.start_date, c.first_opportunity_id
    from contract c join firm_terms b using (organization_id)
),
dated as (
    select *, (start_date + to_months(12 * number))::date as decides_on, 'opp-' || customer_id[5:] || '-r' || number as opportunity_id from asked
),
valued as (
    select organization_id, sum(money(quantity::double * net_price(unit_price, discount_pct, currency)::double * 12, currency)) as amount
    from basket where term_months > 0 group by organization_id
),
timed as (
    select d.*, v.amount, d.decides_on::timestamp - to_days(1 + floor(chance('renewal closed', d.opportunity_id) * 20)::integer) + interval 15 hour as closed_at
    from dated d join valued v using (organization_id)
    where d.decides_on - 60 <= getvariable('last_date') and d.decides_on > (select start_date from shape s where s.entity_id = d.entity_id)
)
select t.opportunity_id, t.entity_id, t.organization_id, replace(t.organization_id, 'org-', 'per-') || '-1', null, o.name || ' - renewal ' || year(decides_on), 'renewal',
    money(t.amount::double * pow(1.04, number), t.currency), t.currency, (decides_on - 60)::timestamp + interval 9 hour, decides_on,
    case when number < terms then 'won' else 'lost' end, closed_at, closed_at, null
from timed t join company.organization o using (organization_id);

insert into company.opportunity_stage
select opportunity_id, 'proposal', created_at from company.opportunity where kind = 'renewal'
union all
select opportunity_id, 'closed' || outcome, closed_at from company.opportunity where kind = 'renewal';

-- Subscriptions: each product for each term, 4 % dearer each year, sometimes with more seats from the seventh month.
insert into company.subscription
with items as (
    select t.*, b.product_id, b.quantity, b.unit_price, b.discount_pct
    from term t join basket b using (organization_id) where b.term_months > 0
),
priced as (
    select *, money(net_price(unit_price, discount_pct, currency)::double * pow(1.04, number), currency) as price,
        round(quantity * (1 + 0.06 * number * chance('grows', customer_id)))::decimal(20, 4) as seats, customer_id || '-' || number || '-' || product_id as key
    from items
)
select 'sub-' || key[5:], customer_id, entity_id, opportunity_id, product_id, seats, price, currency, billing_months, term_start, term_end, null,
    at_work((term_start - 1)::date, 'subscribed', key)
from priced
union all
select 'sub-' || key[5:] || '-x', customer_id, entity_id, opportunity_id, product_id, ceil(seats * 0.25)::decimal(20, 4), price, currency, billing_months,
    (term_start + to_months(6))::date, term_end, null, at_work((term_start + to_months(6) - interval 1 day)::date, 'expanded', key)
from priced
where product_id <> 'prd-data' and chance('expands', customer_id || number) < 0.16 and term_start + to_months(6) <= getvariable('last_date');

-- Who left says so in the last month.
update company.subscription s set cancelled_at = (s.end_date - 25)::timestamp + interval 11 hour
from company.customer c where c.customer_id = s.customer_id and s.end_date + 1 = c.churned_date;
