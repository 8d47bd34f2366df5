-- Leads become opportunities, opportunities are won or lost: the more, and the better, their people were touched, the more are won.

insert into company.lead
with born as (
    select e.person_id, e.organization_id, e.entity_id, e.channel, e.campaign_id, e.occurred_at as created_at,
        chance('mql', e.person_id) < 0.46 as is_mql, chance('sql', e.person_id) < 0.52 as is_sql
    from encounter e where makes_lead
),
graded as (
    select *, case when is_mql then created_at + to_hours(2 + floor(exp(3.4 + 0.8 * normal('mql wait', person_id)))::integer) end as mql_at from born
),
qualified as (
    select *, case when is_mql and is_sql then mql_at + to_hours(4 + floor(exp(3.9 + 0.7 * normal('sql wait', person_id)))::integer) end as sql_at from graded
)
select 'led-' || person_id[5:], person_id, entity_id, channel, campaign_id, created_at, mql_at, sql_at,
    case when mql_at is not null and sql_at is null then mql_at + to_days(3 + floor(chance('dropped', person_id) * 25)::integer) end
from qualified;

-- One deal a firm: at its first person who qualified for sales.
create temp table deal as
with firsts as (
    select p.organization_id, l.entity_id, l.sql_at, l.person_id
    from company.lead l join company.person p using (person_id)
    where l.sql_at is not null and l.sql_at <= getvariable('last_date')
    qualify row_number() over (partition by p.organization_id order by l.sql_at, l.person_id) = 1
),
paced as (
    select *, replace(organization_id, 'org-', 'opp-') as opportunity_id,
        6 + floor(exp(2.1 + 0.4 * normal('discovery', organization_id)))::integer as to_discovery,
        5 + floor(exp(2.3 + 0.4 * normal('proposal', organization_id)))::integer as to_proposal,
        4 + floor(exp(2.3 + 0.5 * normal('negotiation', organization_id)))::integer as to_negotiation,
        4 + floor(exp(2.2 + 0.5 * normal('closing', organization_id)))::integer as to_close
    from firsts
),
planned as (
    select *, to_discovery + to_proposal + to_negotiation + to_close as cycle_days,
        sql_at + to_days(to_discovery + to_proposal + to_negotiation + to_close) as full_close
    from paced
),
heat as (
    select d.opportunity_id, sum(e.effect) as effect, count(*) as touches
    from planned d join encounter e on e.organization_id = d.organization_id and e.occurred_at <= d.full_close and e.occurred_at >= d.sql_at - interval 180 day
    group by d.opportunity_id
),
decided as (
    select d.*, h.effect, chance('win', d.opportunity_id) < 1 / (1 + exp(1.9 - 0.72 * h.effect::double)) as won from planned d join heat h using (opportunity_id)
)
select *, case when won then 4 else 1 + floor(chance('lost at', opportunity_id) * 4)::integer end as stages
from decided;

-- What the firm would buy. Prices are in the currency it is billed in.
create temp table firm_terms as
select f.organization_id, f.entity_id, f.is_base, s.terms,
    case when chance('billed abroad', f.organization_id) < s.foreign_share then s.foreign_currency else s.currency end as currency,
    case when chance('billed abroad', f.organization_id) < s.foreign_share
         then s.price / (r.units_per_eur::double) * (q.units_per_eur::double) else s.price end as price,
    greatest(3, round(exp(3.5 + 0.75 * normal('seats', f.organization_id))))::integer as seats,
    round(0.25 * pow(chance('discount', f.organization_id), 2), 2) as discount,
    case when chance('billing', f.organization_id) < 0.25 then 1 when chance('billing', f.organization_id) < 0.40 then 3 else 12 end as billing_months
from firm f
join shape s using (entity_id)
join daily_rate r on r.currency = s.currency and r.day = getvariable('first_date')
join daily_rate q on q.currency = s.foreign_currency and q.day = getvariable('first_date');

create temp table basket as
with offers as (
    select t.*, p.product_id, p.monthly_price::double as list_price, p.sku
    from firm_terms t join company.product p on case t.entity_id when 'bf' then p.product_id in ('prd-form', 'prd-onb') else p.product_id <> 'prd-form' end
)
select organization_id, entity_id, currency, billing_months, product_id,
    case product_id when 'prd-onb' then (8 + 4 * floor(chance('hours', organization_id) * 8))::decimal(20, 4) else seats::decimal(20, 4) end as quantity,
    money(list_price * price, currency) as unit_price, round(discount * 100, 2)::decimal(9, 4) as discount_pct,
    case product_id when 'prd-onb' then 0 else 12 end as term_months
from offers
where product_id = 'prd-form'
   or product_id = case when chance('plan', organization_id) < 0.62 then 'prd-core' else 'prd-plus' end
   or (product_id = 'prd-data' and chance('data', organization_id) < 0.35)
   or (product_id = 'prd-onb' and not is_base and chance('onboarding', organization_id) < 0.45);
create temp macro net_price(unit_price, discount_pct, currency) as money(unit_price::double * (1 - discount_pct::double / 100), currency);

insert into company.opportunity_line
select 'oln-' || d.opportunity_id[5:] || '-' || b.product_id[5:], d.opportunity_id, b.product_id, b.quantity, b.unit_price, b.discount_pct, b.term_months,
    money(b.quantity::double * net_price(b.unit_price, b.discount_pct, b.currency)::double * greatest(b.term_months, 1), b.currency)
from deal d join basket b using (organization_id);

insert into company.opportunity
with totals as (
    select opportunity_id, sum(amount) as amount from company.opportunity_line group by opportunity_id
),
timed as (
    select d.*, t.amount, b.currency,
        case when stages = 4 then full_close
             else sql_at + to_days(to_discovery + case when stages > 1 then to_proposal else 0 end + case when stages > 2 then to_negotiation else 0 end
                  + 5 + floor(chance('lost after', d.opportunity_id) * 25)::integer) end as closed_at
    from deal d join totals t using (opportunity_id) join firm_terms b using (organization_id)
)
select t.opportunity_id, t.entity_id, t.organization_id, t.person_id, null, o.name || ' - new business', 'new',
    -- Some deals were renegotiated and never corrected in the CRM.
    case when won and flaw('crm amount stale', t.opportunity_id) < 0.02 then money(t.amount::double * 1.12, t.currency) else t.amount end, t.currency,
    t.sql_at, (t.sql_at + to_days(cycle_days + floor(12 * normal('expected', t.opportunity_id))::integer))::date,
    case when won then 'won' else 'lost' end, t.closed_at, t.closed_at,
    case when not won and flaw('deal deleted', t.opportunity_id) < 0.02 then t.closed_at + to_days(9) end
from timed t join company.organization o using (organization_id);

insert into truth.defect
select 'stale-amount-' || o.opportunity_id, 'crm_amount_differs', o.entity_id, 'opportunity', o.opportunity_id, o.closed_at,
    'sold ' || l.amount || ', the CRM says ' || o.amount
from company.opportunity o join (select opportunity_id, sum(amount) as amount from company.opportunity_line group by opportunity_id) l using (opportunity_id)
where o.amount <> l.amount
union all
select 'deleted-' || opportunity_id, 'deal_deleted', entity_id, 'opportunity', opportunity_id, deleted_at, null
from company.opportunity where deleted_at is not null;

insert into company.opportunity_stage
with reached as (
    select d.*, o.closed_at, o.outcome from deal d join company.opportunity o using (opportunity_id)
)
select opportunity_id, 'qualification', sql_at from reached
union all select opportunity_id, 'discovery', sql_at + to_days(to_discovery) from reached where stages >= 2
union all select opportunity_id, 'proposal', sql_at + to_days(to_discovery + to_proposal) from reached where stages >= 3
union all select opportunity_id, 'negotiation', sql_at + to_days(to_discovery + to_proposal + to_negotiation) from reached where stages >= 4
union all select opportunity_id, 'closed' || outcome, closed_at from reached;

insert into company.opportunity_person
select d.opportunity_id, p.person_id, case when p.person_id = d.person_id then 'decision maker' else 'influencer' end
from deal d join company.person p using (organization_id)
where p.created_at <= d.full_close;

-- Sales meets and calls the people of a deal.
insert into company.touch
select 'tch-' || d.opportunity_id[5:] || '-' || t.kind[1] || t.n, d.person_id, d.entity_id, null, 'direct', t.kind, null, null, null, null, null,
    d.sql_at + to_days(1 + floor(d.cycle_days * (t.n - 0.5) / 3)::integer) + to_minutes(floor(chance('talk', d.opportunity_id || t.kind || t.n) * 240)::integer)
from deal d cross join (values ('meeting', 1), ('meeting', 2), ('call', 1), ('call', 2), ('call', 3)) t (kind, n)
where chance('held', d.opportunity_id || t.kind || t.n) < 0.7
  and d.sql_at + to_days(1 + floor(d.cycle_days * (t.n - 0.5) / 3)::integer) <= getvariable('last_date')::timestamp;

-- Two entries of one firm, as an import of a list leaves behind.
insert into company.organization
select organization_id || '-d', entity_id, upper(regexp_replace(name, ' (Inc\.|Ltd|GmbH|KK|SA|BV|AG|AB|SL)$', '')), domain, country, city, street, postal_code, null, phone, industry, null,
    created_at + interval 21 day
from company.organization where flaw('firm twice', organization_id) < 0.015;
insert into truth.defect
select 'twice-' || organization_id, 'duplicate_organization', entity_id, 'organization', organization_id, created_at, organization_id[:-3]
from company.organization where suffix(organization_id, '-d');
