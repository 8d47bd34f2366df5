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
select distinct 'bud-' || entity_id || '-' || fiscal_year, entity_id, 'Budget ' || fiscal_year, fiscal_year, 'original', (first_month - 20)::timestamp + interval 15 hour
from course where first_month - 20 <= getvariable('last_date')
union all
select distinct 'bud-' || entity_id || '-' || fiscal_year || '-q1', entity_id, 'Reforecast Q1 ' || fiscal_year, fiscal_year, 'reforecast_q1', (first_month + interval 3 month + interval 12 day)::timestamp + interval 15 hour
from course where first_month + interval 3 month + interval 12 day <= getvariable('last_date')::timestamp;

insert into company.budget_line
with planned as (
    select *, level * (case class when 'revenue' then 1.015 else 0.99 end) * (1 + 0.05 * normal('budget bias', entity_id || fiscal_year || account_code || department_id))
        * case when account_code in ('6400') then season(month) else 1 end as amount
    from course
)
select 'bud-' || entity_id || '-' || fiscal_year, account_code, department_id, month, round(amount, case currency when 'JPY' then -3 else -1 end)::decimal(20, 4)
from planned where exists (select 1 from company.budget b where b.budget_id = 'bud-' || planned.entity_id || '-' || planned.fiscal_year)
union all
select 'bud-' || p.entity_id || '-' || p.fiscal_year || '-q1', p.account_code, p.department_id, p.month,
    case when p.month < p.first_month + interval 3 month then coalesce(a.amount, 0) else round(0.5 * p.amount + 0.5 * p.level, case p.currency when 'JPY' then -3 else -1 end)::decimal(20, 4) end
from planned p left join actual_month a on a.entity_id = p.entity_id and a.account_code = p.account_code and a.department_id = p.department_id and a.month = p.month
where exists (select 1 from company.budget b where b.budget_id = 'bud-' || p.entity_id || '-' || p.fiscal_year || '-q1');

insert into company.target
select 'revenue', 'entity', b.entity_id, l.month, sum(l.amount), any_value(e.currency)
from company.budget b join company.budget_line l using (budget_id) join company.account a on a.entity_id = b.entity_id and a.account_code = l.account_code join company.entity e on e.entity_id = b.entity_id
where b.version = 'original' and a.class = 'revenue' and a.type = 'revenue' and a.account_code <> '4900' group by b.entity_id, l.month
union all
select 'cac', 'entity', m.entity_id, m.month, round(9000 * s.salary, -1), m.currency from entity_month m join shape s using (entity_id)
union all
select 'roi', 'campaign', null, m.month, 200, null from months m;
