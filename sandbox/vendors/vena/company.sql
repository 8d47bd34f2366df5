-- What the planning model knows: members of its dimensions, and the values of its intersections, as text. A plan is a scenario of a year.

-- The model's year is the fiscal year, and its first period the month after that year's end.
create macro ending() as (select fiscal_year_end_month from known.entity);
create macro into_year(month) as month + to_months(12 - ending());
create macro year_member(month) as year(into_year(month))::varchar;
create macro period_member(month) as month(into_year(month))::varchar;
create macro member_of_entity() as (select upper(entity_id) || '01' from known.entity);
create macro number_text(amount) as regexp_replace(regexp_replace(amount::decimal(38, 4)::varchar, '0+$', ''), '\.$', '');

create view wire.plan as
select budget_id, version, created_at, locked_at, trim(replace(name, coalesce(fiscal_year::varchar, ''), '')) as scenario,
    coalesce(fiscal_year::varchar, year_member(created_at)) as year
from known.plan_version;
create view wire.department as
select department_id, 'D' || 10 * row_number() over (order by department_id) as member, name from known.department;
create view wire.seller as
select employee_id, email as member, first_name || ' ' || last_name as name from meridian.company.employee
where employee_id in (select scope_key from known.plan_target where scope = 'seller');
-- US dollars for one unit of the entity's currency, on the day on which a plan was made.
create view wire.plan_rate as
with rates as (
    select currency, units_per_eur, rate_date from known.fx_rate
    union all
    select 'EUR', 1, date '1999-01-01'
)
select budget_id, max_by(usd.units_per_eur, usd.rate_date)::double / max_by(own.units_per_eur, own.rate_date)::double as rate
from wire.plan
join rates usd on usd.currency = 'USD' and usd.rate_date <= created_at
join rates own on own.currency = (select currency from known.entity) and own.rate_date <= created_at
group by budget_id;

create view wire.cell as
with leaf as (
    select account_code as account, scenario, year, month, department_id, null as product_id, null as channel, null as employee_id, 'Local' as currency, amount
    from known.plan_line join wire.plan using (budget_id)
    union all by name
    select account_code as account, scenario, year, month, department_id, 'USD' as currency, round(amount::double * rate, 2)::decimal(20, 4) as amount
    from known.plan_line join wire.plan using (budget_id) join wire.plan_rate using (budget_id)
    union all by name
    select upper(driver[1]) || driver[2:] as account, scenario, year_member(month) as year, month, department_id, product_id, 'Local' as currency, amount
    from known.plan_driver join wire.plan using (budget_id)
    union all by name
    select case metric when 'revenue' then 'Revenue Target' when 'cac' then 'CAC Target' when 'roi' then 'ROI Target' else 'Quota' end as account,
        'Targets' as scenario, year_member(period_month) as year, period_month as month, case scope when 'product' then scope_key end as product_id,
        case scope when 'channel' then scope_key end as channel, case scope when 'seller' then scope_key end as employee_id, 'Local' as currency, amount
    from known.plan_target
    union all by name
    select 'Created On' as account, scenario, year, 'Local' as currency, strftime(created_at, '%Y%m%d')::decimal(20, 4) as amount from wire.plan
    union all by name
    select 'Locked' as account, scenario, year, 'Local' as currency, 1 as amount from wire.plan where locked_at is not null
),
placed as (
    select number_text(amount) as "Value", account as "Account", case account when 'ROI Target' then 'No Entity' else member_of_entity() end as "Entity",
        scenario as "Scenario", year as "Year", coalesce(period_member(month), 'No Period') as "Period", coalesce(d.member, 'No Department') as "Department",
        coalesce(p.sku, 'No Product') as "Product", coalesce(channel, 'No Channel') as "Channel", coalesce(s.member, 'No Seller') as "Seller",
        leaf.currency as "Currency", 'Value' as "Measure"
    from leaf
    left join wire.department d using (department_id)
    left join known.product p using (product_id)
    left join wire.seller s using (employee_id)
)
select *, concat_ws('|', "Scenario", "Year", "Account", "Entity", "Period", "Department", "Product", "Channel", "Seller", "Currency") as key from placed;

-- Members at the top have the parent "". What a parent leaves out of its total has the operator ~. A member may be below several parents.
create view wire.member as
with told (place, dimension, name, alias, parent, operator) as (
    from (values
        (1, 'Account', 'Net Income', 'Net income', '', '+'), (2, 'Account', 'Revenue', 'Revenue', 'Net Income', '+'),
        (3, 'Account', 'Expenses', 'Expenses', 'Net Income', '-'), (5, 'Account', 'Statistics', 'Statistics', '', '~'),
        (6, 'Account', 'Headcount', 'People at the end of the month', 'Statistics', '~'), (7, 'Account', 'Volume', 'Seat months', 'Statistics', '~'),
        (8, 'Account', 'Price', 'Price of a seat month', 'Statistics', '~'), (9, 'Account', 'Target Accounts', '', '', '~'),
        (10, 'Account', 'Revenue Target', '', 'Target Accounts', '~'), (11, 'Account', 'CAC Target', '', 'Target Accounts', '~'),
        (12, 'Account', 'ROI Target', '', 'Target Accounts', '~'), (13, 'Account', 'Quota', '', 'Target Accounts', '~'),
        (14, 'Account', 'Plan Status', '', '', '~'), (15, 'Account', 'Created On', 'Day as YYYYMMDD', 'Plan Status', '~'),
        (16, 'Account', 'Locked', '1 where nobody should change it', 'Plan Status', '~'),
        (20, 'Entity', 'Group', 'All entities', '', '+'), (22, 'Entity', 'No Entity', '', '', '+'),
        (30, 'Scenario', 'All Scenarios', '', '', '~'), (31, 'Scenario', 'Budgets', '', 'All Scenarios', '~'),
        (32, 'Scenario', 'Forecasts', '', 'All Scenarios', '~'), (33, 'Scenario', 'What-ifs', '', 'All Scenarios', '~'),
        (35, 'Scenario', 'Targets', '', 'All Scenarios', '~'), (40, 'Year', 'All Years', '', '', '+'), (50, 'Period', 'Full Year', '', '', '+'),
        (53, 'Period', 'No Period', '', '', '+'), (60, 'Department', 'All Departments', '', '', '+'), (62, 'Department', 'No Department', '', '', '+'),
        (70, 'Product', 'All Products', '', '', '+'), (72, 'Product', 'No Product', '', '', '+'), (73, 'Product', 'Seats', 'Sold by the seat', '', '~'),
        (80, 'Channel', 'All Channels', '', '', '+'), (82, 'Channel', 'No Channel', '', '', '+'), (90, 'Seller', 'All Sellers', '', '', '+'),
        (92, 'Seller', 'No Seller', '', '', '+'), (95, 'Currency', 'Local', 'As entered', '', '+'), (95, 'Currency', 'USD', 'Converted', '', '~'),
        (99, 'Measure', 'Value', '', '', '+'))
    union all
    select 4, 'Account', account_code, name, case class when 'revenue' then 'Revenue' else 'Expenses' end, '+' from known.account
    where account_code in (select account_code from known.plan_line)
    union all
    select 21, 'Entity', member_of_entity(), name, 'Group', '+' from known.entity
    union all
    select 34, 'Scenario', scenario, '', case when version = 'original' then 'Budgets' when version like 'reforecast%' then 'Forecasts'
        when version like 'scenario%' then 'What-ifs' else 'All Scenarios' end, '~' from wire.plan group by all
    union all
    select distinct 41, 'Year', "Year", 'FY' || "Year"[-2:], 'All Years', '+' from wire.cell
    union all
    select 51, 'Period', 'Q' || q, '', 'Full Year', '+' from range(1, 5) t (q)
    union all
    select 52, 'Period', p::varchar, monthname(make_date(2000, 1 + (p::integer + ending() - 1) % 12, 1)), 'Q' || (p + 2) // 3, '+' from range(1, 13) t (p)
    union all
    select 61, 'Department', member, name, 'All Departments', '+' from wire.department
    union all
    select 71, 'Product', sku, name, 'All Products', '+' from known.product
    union all
    select 74, 'Product', sku, name, 'Seats', '+' from known.product where sku not like 'SVC%'
    union all
    select distinct 81, 'Channel', scope_key, '', 'All Channels', '+' from known.plan_target where scope = 'channel'
    union all
    select 91, 'Seller', member, name, 'All Sellers', '+' from wire.seller
)
select *, name not in (select parent from told above where above.dimension = told.dimension) as is_bottom from told;
