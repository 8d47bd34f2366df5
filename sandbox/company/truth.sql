-- What really happened, for those who score what the hub finds.

insert into truth.identity
select p.person_id, p.organization_id, c.customer_id, e.crm, 'contact', p.person_id
from company.person p join company.organization o using (organization_id) join company.entity e using (entity_id) left join company.customer c using (organization_id)
union all
select null, replace(o.organization_id, '-d', ''), c.customer_id, e.crm, 'company', o.organization_id
from company.organization o join company.entity e using (entity_id) left join company.customer c on c.organization_id = replace(o.organization_id, '-d', '')
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

create temp table month_rate as
select d.currency, month_of(d.day) as month, avg(d.units_per_eur::double / u.units_per_eur::double) as units_per_usd
from daily_rate d join daily_rate u on u.day = d.day and u.currency = 'USD' group by d.currency, month_of(d.day);
insert into truth.profit_and_loss
select j.entity_id, month_of(j.journal_date) as month, l.account_code, sum(case a.class when 'revenue' then -l.amount_func else l.amount_func end) as amount,
    round(sum(case a.class when 'revenue' then -l.amount_func else l.amount_func end)::double / any_value(r.units_per_usd), 4)::decimal(20, 4)
from company.journal j join company.journal_line l using (journal_id) join company.account a on a.entity_id = j.entity_id and a.account_code = l.account_code
join company.entity e on e.entity_id = j.entity_id
join month_rate r on r.currency = e.currency and r.month = month_of(j.journal_date)
where a.class in ('revenue', 'expense') group by j.entity_id, month_of(j.journal_date), l.account_code;

insert into truth.balance_sheet
with moved as (
    select j.entity_id, l.account_code, month_of(j.journal_date) as month, sum(l.amount_func) as amount
    from company.journal j join company.journal_line l using (journal_id) join company.account a on a.entity_id = j.entity_id and a.account_code = l.account_code
    where a.class in ('asset', 'liability', 'equity') group by all
)
select m.entity_id, m.month, a.account_code, sum(v.amount)
from entity_month m join (select distinct entity_id, account_code from moved) a on a.entity_id = m.entity_id
join moved v on v.entity_id = m.entity_id and v.account_code = a.account_code and v.month <= m.month
group by m.entity_id, m.month, a.account_code;

insert into truth.recurring_revenue
select m.entity_id, m.month, s.customer_id, sum(s.quantity * s.unit_price)::decimal(20, 4), any_value(s.currency)
from entity_month m join company.subscription s on s.entity_id = m.entity_id and m.month_end between s.start_date and s.end_date
group by m.entity_id, m.month, s.customer_id;
