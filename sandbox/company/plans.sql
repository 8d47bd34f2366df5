-- Budgets and targets: what the year was planned to be, from its smoothed course with the optimism and the blind spots of planners.

create temp table actual_month as
select j.entity_id, l.account_code, coalesce(l.department_id, 'general') as department_id, month_of(j.journal_date) as month, any_value(a.class) as class,
    sum(case a.class when 'revenue' then -l.amount_func else l.amount_func end) as amount
from company.journal j join company.journal_line l using (journal_id) join company.account a on a.entity_id = j.entity_id and a.account_code = l.account_code
where a.class in ('revenue', 'expense') and a.type not in ('fx_gain_loss') and l.account_code not in ('6700', '7900')
  and j.journal_date < month_of(getvariable('last_date'))
group by all;

create temp table planned_year as
select e.entity_id, e.currency, y.fiscal_year,
    case e.fiscal_year_end_month when 12 then make_date(y.fiscal_year, 1, 1) else make_date(y.fiscal_year - 1, e.fiscal_year_end_month + 1, 1) end as first_month
from company.entity e cross join (select unnest(generate_series(year(getvariable('first_date')), year(getvariable('last_date')) + 1))::integer as fiscal_year) y;

-- One line: the course of an account in a department over the year, a straight line through its months, spread by the season that planners know.
create temp table course as
with months_planned as (
    select p.entity_id, p.currency, p.fiscal_year, unnest(generate_series(p.first_month::timestamp, p.first_month + interval 11 month, interval 1 month))::date as month, p.first_month from planned_year p
),
lines as (
    select entity_id, account_code, department_id, any_value(class) as class, regr_slope(amount::double, month_index(month)) as slope, regr_intercept(amount::double, month_index(month)) as intercept,
        min(month) as first_seen, count(*) as seen
    from actual_month group by entity_id, account_code, department_id having count(*) >= 6
)
select m.entity_id, m.currency, m.fiscal_year, m.first_month, l.account_code, l.department_id, l.class, m.month,
    -- What the straight line misses of the year's own level is half known to the planners.
    (coalesce(l.intercept, 0) + l.slope * month_index(m.month)) + 0.85 * coalesce(avg(a.amount::double - (l.intercept + l.slope * month_index(m.month))) over (partition by m.entity_id, m.fiscal_year, l.account_code, l.department_id), 0) as level
from months_planned m join lines l on l.entity_id = m.entity_id and m.month >= l.first_seen
left join actual_month a on a.entity_id = m.entity_id and a.account_code = l.account_code and a.department_id = l.department_id and a.month = m.month
where m.first_month >= getvariable('first_date') - interval 11 month;

insert into company.budget
with years as (select distinct entity_id, fiscal_year, first_month from course),
-- The budget and its scenarios before the year, a forecast anew after each of its first three quarters.
versions as (
    select *, 'bud-' || entity_id || '-' || fiscal_year as budget_id, 'Budget ' as title, 'original' as version, (first_month - 20)::timestamp + interval 15 hour as created_at, 10 as days_open
    from years
    union all
    select years.*, 'bud-' || entity_id || '-' || fiscal_year || '-' || s, upper(s[1]) || s[2:] || ' ', 'scenario_' || s, (first_month - 18)::timestamp + interval 11 hour, null
    from years cross join (values ('upside'), ('downside')) scenarios (s)
    union all
    select years.*, 'bud-' || entity_id || '-' || fiscal_year || '-q' || q, 'Reforecast Q' || q || ' ', 'reforecast_q' || q, (first_month + to_months(3 * q) + interval 12 day)::timestamp + interval 15 hour, 5
    from years cross join (select unnest([1, 2, 3]) as q)
)
select budget_id, entity_id, title || fiscal_year, fiscal_year, version, created_at, created_at + to_days(days_open) from versions where created_at < getvariable('last_date') + 1
union all
select 'act-' || entity_id, entity_id, 'Actuals', null, 'actuals', min(first_month)::timestamp, null from years group by entity_id;

insert into company.budget_line
with planned as (
    select *, level::double * (case class when 'revenue' then 1.015 else 0.99 end) * (1 + 0.05 * normal('budget bias', entity_id || fiscal_year || account_code || department_id))
        * case when account_code in ('6400') then season(month) else 1 end as amount
    from course
)
select 'bud-' || entity_id || '-' || fiscal_year, account_code, department_id, month, round(amount, case currency when 'JPY' then -3 else -1 end)::decimal(20, 4)
from planned where exists (select 1 from company.budget b where b.budget_id = 'bud-' || planned.entity_id || '-' || planned.fiscal_year)
union all
-- Months gone by are as they were; what is to come stands between the budget and what has since been learned.
select b.budget_id, p.account_code, p.department_id, p.month,
    case when p.month < month_of(b.created_at) then coalesce(a.amount, 0)
         else round(p.level + (p.amount - p.level) * case b.version when 'reforecast_q1' then 0.5 when 'reforecast_q2' then 0.35 else 0.2 end, case p.currency when 'JPY' then -3 else -1 end)::decimal(20, 4) end
from planned p join company.budget b on b.entity_id = p.entity_id and b.fiscal_year = p.fiscal_year and b.version like 'reforecast%'
left join actual_month a on a.entity_id = p.entity_id and a.account_code = p.account_code and a.department_id = p.department_id and a.month = p.month
union all
-- What if more is sold, or less: costs of the people and of selling follow half the way.
select b.budget_id, p.account_code, p.department_id, p.month,
    round(p.amount::double * (1 + case b.version when 'scenario_upside' then 0.12 else -0.15 end * case p.class when 'revenue' then 1 else 0.5 end), case p.currency when 'JPY' then -3 else -1 end)::decimal(20, 4)
from planned p join company.budget b on b.entity_id = p.entity_id and b.fiscal_year = p.fiscal_year and b.version like 'scenario%';

-- Seats in use and people at work, by month: what was, what a straight line through it gives, and so what was planned.
create temp table driver_course as
with seats as (
    select m.entity_id, m.month, s.product_id, null as department_id,
        sum(s.quantity::double * (least(s.end_date, m.month_end) - greatest(s.start_date, m.month) + 1) / day(m.month_end)) as amount
    from entity_month m join company.subscription s on s.entity_id = m.entity_id and s.start_date <= m.month_end and s.end_date >= m.month group by all
),
heads as (
    select m.entity_id, m.month, null as product_id, e.department_id, count(*)::double as amount
    from entity_month m join company.employee e on e.entity_id = m.entity_id and e.hired_date <= m.month_end and coalesce(e.left_date > m.month_end, true) group by all
),
lines as (
    select entity_id, product_id, department_id, regr_slope(amount, month_index(month)) as slope, regr_intercept(amount, month_index(month)) as intercept, min(month) as first_seen
    from (from seats union all from heads) where month < month_of(getvariable('last_date')) group by all having count(*) >= 6
),
planned_month as (
    select entity_id, currency, fiscal_year, unnest(generate_series(first_month::timestamp, first_month + interval 11 month, interval 1 month))::date as month from planned_year
)
select m.entity_id, m.currency, m.fiscal_year, m.month, l.product_id, l.department_id, a.amount as actual, greatest(l.intercept + l.slope * month_index(m.month), 0) as level
from planned_month m join lines l on l.entity_id = m.entity_id and m.month >= l.first_seen
left join (from seats union all from heads) a on a.entity_id = l.entity_id and a.product_id is not distinct from l.product_id and a.department_id is not distinct from l.department_id and a.month = m.month
where exists (select 1 from company.budget b where b.entity_id = m.entity_id and b.fiscal_year = m.fiscal_year);

-- A plan of subscriptions is its seats at a price each, which make its revenue.
create temp table driver_amount as
with versions as (
    select b.budget_id, b.version, b.created_at, c.*, case when c.product_id is null then 'headcount' else 'volume' end as driver,
        case when b.version = 'actuals' or c.month < month_of(b.created_at) and b.version like 'reforecast%' then c.actual
             else c.level * (1 + 0.03 * normal('driver bias', concat_ws('|', c.entity_id, c.fiscal_year, c.product_id, c.department_id)))
                * case b.version when 'original' then 1 when 'scenario_upside' then 1.12 when 'scenario_downside' then 0.85 else 1 end end as planned
    from driver_course c join company.budget b on b.entity_id = c.entity_id and (b.fiscal_year = c.fiscal_year or b.version = 'actuals')
)
select * exclude (planned), round(planned, case driver when 'headcount' then 0 else 2 end)::decimal(20, 4) as amount from versions where planned is not null;

insert into company.plan_driver
with revenue as (
    select b.budget_id, null as product_id, l.month, sum(l.amount) as amount
    from company.budget b join company.budget_line l using (budget_id) where l.account_code = '4000' group by all
    union all
    select 'act-' || j.entity_id, l.product_id, month_of(j.journal_date), -sum(l.amount_func)
    from company.journal j join company.journal_line l using (journal_id) where l.account_code = '4000' group by all
),
shared as (
    select d.*, d.amount * p.monthly_price / sum(d.amount * p.monthly_price) over (partition by d.budget_id, d.month) as share
    from driver_amount d join company.product p using (product_id)
)
select budget_id, driver, department_id, product_id, month, amount from driver_amount
union all
select s.budget_id, 'price', null, s.product_id, s.month, round(r.amount * (case when r.product_id is null then s.share else 1 end) / s.amount, 4)::decimal(20, 4)
from shared s join revenue r on r.budget_id = s.budget_id and r.month = s.month and coalesce(r.product_id, s.product_id) = s.product_id
where s.amount > 0;

-- Somebody improves a budget after it was locked: one line in three of the entities, soon after today.
insert into company.plan_edit
select l.budget_id, l.account_code, l.department_id, l.month, (getvariable('as_of') + 9)::timestamp + interval 16 hour, round(l.amount * 1.08, -1)::decimal(20, 4)
from company.budget b join company.budget_line l using (budget_id)
where getvariable('flaws') and b.version = 'original' and b.entity_id in ('us', 'de', 'uk') and b.locked_at <= getvariable('as_of') and l.account_code = '6100' and l.month = month_of(getvariable('as_of'));
insert into truth.defect
select 'def-plan-' || budget_id, 'locked_plan_changed', b.entity_id, 'company.budget_line', budget_id || '|' || e.account_code || '|' || e.department_id || '|' || e.month, e.edited_at,
    'A line of a locked plan was changed.'
from company.plan_edit e join company.budget b using (budget_id);

insert into company.target
select 'revenue', 'entity', null, b.entity_id, l.month, sum(l.amount), any_value(e.currency)
from company.budget b join company.budget_line l using (budget_id) join company.account a on a.entity_id = b.entity_id and a.account_code = l.account_code join company.entity e on e.entity_id = b.entity_id
where b.version = 'original' and a.class = 'revenue' and a.type = 'revenue' and a.account_code <> '4900' group by b.entity_id, l.month
union all
-- What winning a customer may cost with the people who do it; by channel, without them.
select 'cac', 'entity', null, m.entity_id, m.month, round(27000 * s.salary, -1), m.currency from entity_month m join shape s using (entity_id)
union all
select 'roi', 'campaign', null, null, m.month, 200, null from months m
union all
select 'cac', 'channel', c.channel, m.entity_id, m.month, round(9000 * s.salary * (0.7 + 0.6 * chance('channel target', c.channel)), -1), m.currency
from entity_month m join shape s using (entity_id) cross join (select distinct channel from company.campaign) c
union all
select 'revenue', 'product', v.product_id, b.entity_id, v.month, round(v.amount::double * p.amount::double, case e.currency when 'JPY' then -3 else -1 end), e.currency
from company.budget b join company.plan_driver v using (budget_id) join company.plan_driver p on p.budget_id = v.budget_id and p.product_id = v.product_id and p.month = v.month
join company.entity e on e.entity_id = b.entity_id
where b.version = 'original' and v.driver = 'volume' and p.driver = 'price'
union all
-- A seller's quota: a tenth more than an equal part of what the entity's sellers win in a month, growing as the company does.
select 'quota', 'seller', x.employee_id, x.entity_id, m.month, round(1.1::double * w.won / w.sellers * growth(m.month) / growth(getvariable('as_of')), case m.currency when 'JPY' then -4 else -2 end), m.currency
from company.employee x join entity_month m on m.entity_id = x.entity_id and x.hired_date <= m.month_end and coalesce(x.left_date > m.month, true)
join (
    select entity_id, sum(amount)::double / 12 as won, count(distinct owner_employee_id) as sellers
    from company.opportunity where outcome = 'won' and closed_at::date between getvariable('as_of') - 364 and getvariable('as_of') group by entity_id
) w on w.entity_id = x.entity_id
where x.department_id = 'sales' and exists (select 1 from company.opportunity o where o.owner_employee_id = x.employee_id);
