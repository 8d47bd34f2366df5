-- What really happened, for those who score what the hub finds.

insert into truth.identity
select p.person_id, p.organization_id, c.customer_id, e.crm, 'contact', p.person_id
from company.person p join company.organization o using (organization_id) join company.entity e using (entity_id) left join company.customer c using (organization_id)
union all
select null, regexp_replace(o.organization_id, '-d$', ''), c.customer_id, e.crm, 'company', o.organization_id
from company.organization o join company.entity e using (entity_id) left join company.customer c on c.organization_id = regexp_replace(o.organization_id, '-d$', '')
union all
select null, c.organization_id, c.customer_id, e.books, 'customer', c.customer_id from company.customer c join company.entity e using (entity_id);

-- A touch has its share of the effect that made the deal: of all touches of the firm's people before it closed.
insert into truth.touch_credit
with effects as (
    select o.opportunity_id, 'tch-' || e.key[5:] as touch_id, e.channel, e.campaign_id, o.amount, e.effect, sum(e.effect) over (partition by o.opportunity_id) as all_effects
    from company.opportunity o join encounter e on e.organization_id = o.organization_id and e.occurred_at <= o.closed_at and e.occurred_at >= o.created_at - interval 180 day
    where o.kind = 'new' and o.outcome = 'won'
)
select opportunity_id, touch_id, channel, campaign_id, round(effect / all_effects, 12)::decimal(18, 12), round(amount * (effect / all_effects), 4)::decimal(20, 4) from effects;

-- Dollars for one unit of each currency: the mean of a month's published days, and the newest known at a day's end.
create temp table dollar_rate as
select c.rate_date, c.currency, (u.units_per_eur::double / c.units_per_eur::double)::decimal(18, 9) as usd
from (select rate_date, currency, units_per_eur from company.fx_rate union all select distinct rate_date, 'EUR', 1.0 from company.fx_rate) c
join company.fx_rate u on u.rate_date = c.rate_date and u.currency = 'USD';
create temp table month_rate as
select currency, month_of(rate_date) as month, avg(usd)::decimal(18, 9) as usd from dollar_rate group by all;
create temp table day_rate as
select d.day, c.currency, r.usd
from (select unnest(generate_series(getvariable('first_date') - interval 14 month, getvariable('last_date')::timestamp, interval 1 day))::date as day) d
cross join (select distinct currency from dollar_rate) c
asof join dollar_rate r on r.currency = c.currency and d.day >= r.rate_date;

create temp table movement as
select j.entity_id, e.currency, j.journal_id, j.journal_date, month_of(j.journal_date) as month, l.account_code, a.class, a.type, l.amount_func
from company.journal j join company.journal_line l using (journal_id) join company.entity e using (entity_id)
join company.account a on a.entity_id = j.entity_id and a.account_code = l.account_code;

insert into truth.profit_and_loss
select m.entity_id, m.month, m.account_code, sum(case m.class when 'revenue' then -m.amount_func else m.amount_func end),
    round(sum(case m.class when 'revenue' then -m.amount_func else m.amount_func end) * any_value(r.usd), 2)
from movement m join month_rate r on r.currency = m.currency and r.month = m.month
where m.class in ('revenue', 'expense') group by m.entity_id, m.month, m.account_code;

-- Assets and liabilities at the rate of the month's end, equity at those of the days on which it arose.
insert into truth.balance_sheet
with moved as (
    select m.entity_id, m.account_code, m.class, m.month, sum(m.amount_func) as amount, sum(m.amount_func * d.usd) as amount_then
    from movement m join day_rate d on d.day = m.journal_date and d.currency = m.currency
    where m.class in ('asset', 'liability', 'equity') group by all
)
select m.entity_id, m.month, v.account_code, sum(v.amount),
    round(case when any_value(v.class) = 'equity' or v.account_code = '1700' then sum(v.amount_then) else sum(v.amount) * any_value(d.usd) end, 2)
from entity_month m join moved v on v.entity_id = m.entity_id and v.month <= m.month
join day_rate d on d.day = m.month_end and d.currency = m.currency
group by m.entity_id, m.month, v.account_code;

-- Cash moves as the other accounts do, the other way round; directly told, those of the journals that move it.
insert into truth.cash_flow
with flows as (
    select *, case when account_code = '1590' then 'operating' when type = 'fixed_asset' then 'investing' when type in ('term_liability', 'equity', 'retained_earnings') then 'financing' else 'operating' end as category,
        bool_or(type = 'bank') over (partition by journal_id) as moves_cash
    from movement
)
select f.entity_id, f.month, t.method, f.category, f.account_code, -sum(f.amount_func), round(-sum(f.amount_func) * any_value(r.usd), 2)
from flows f cross join (values ('indirect'), ('direct')) t (method) join month_rate r on r.currency = f.currency and r.month = f.month
where f.type <> 'bank' and (t.method = 'indirect' or f.moves_cash)
group by f.entity_id, f.month, t.method, f.category, f.account_code;

insert into truth.intercompany
select month_of(s.issue_date), s.entity_id, s.partner_entity_id, s.currency, s.subtotal, b.subtotal, month_of(b.issue_date)
from company.document s
left join company.document b on b.document_id = 'bil-' || s.partner_entity_id || '-ic-' || s.entity_id || '-' || split_part(s.document_id, '-', 4)
where s.document_id like 'ici-%';

insert into truth.recurring_revenue
select m.entity_id, m.month, s.customer_id, sum(s.quantity * s.unit_price)::decimal(20, 4), any_value(s.currency)
from entity_month m join company.subscription s on s.entity_id = m.entity_id and m.month_end between s.start_date and s.end_date
group by m.entity_id, m.month, s.customer_id;

-- What a won deal was sold for, and which invoices ask for it: expansions and the terms before the CRM's history have no deal.
create temp table owed as
select s.document_id, s.entity_id, b.opportunity_id, s.net_amount,
    case when s.key like 'srv-%' then 'service' when suffix(b.subscription_id, '-x') then 'expansion' when o.opportunity_id is null then 'before' else 'term' end as what
from sale_line s
left join company.subscription b on b.subscription_id = regexp_replace(s.key, '-[0-9]+$', '')
left join company.opportunity o on o.opportunity_id = b.opportunity_id and o.outcome = 'won';

insert into truth.deal_contract
with agreed as (
    select opportunity_id, entity_id, customer_id, start_date, currency, money(quantity::double * unit_price::double * 12, currency) as amount
    from company.subscription where not suffix(subscription_id, '-x')
    union all
    select c.first_opportunity_id, c.entity_id, c.customer_id, c.start_date, b.currency, money(b.quantity::double * net_price(b.unit_price, b.discount_pct, b.currency)::double, b.currency)
    from contract c join basket b using (organization_id) where b.product_id = 'prd-onb' and c.start_date <= getvariable('last_date')
)
select a.opportunity_id, any_value(a.entity_id), any_value(a.customer_id), any_value(a.start_date), any_value(a.currency), sum(a.amount)
from agreed a join company.opportunity o using (opportunity_id) where o.outcome = 'won' group by a.opportunity_id;

insert into truth.deal_invoice
select w.document_id, any_value(w.entity_id), case w.what when 'service' then c.first_opportunity_id when 'term' then w.opportunity_id end, w.what, sum(w.net_amount)
from owed w join company.document d using (document_id) join contract c on c.customer_id = d.customer_id
group by w.document_id, 3, w.what;
