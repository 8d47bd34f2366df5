-- The part of the simulated company that its Adaptive Planning instance knows, copied once from the company's file (attached as `source`).

create table entity as
    select row_number() over (order by parent_entity_id nulls first, entity_id) as n, entity_id, name, currency, fiscal_year_end_month
    from source.company.entity
    where plans = 'adaptive';
create table plan as
    select budget.* from source.company.budget semi join entity using (entity_id);
create table line as
    select l.*, e.edited_at, e.amount as edited_amount
    from source.company.budget_line l
    semi join plan using (budget_id)
    left join source.company.plan_edit e using (budget_id, account_code, department_id, month);
create table driver as
    select * from source.company.plan_driver semi join plan using (budget_id);
create table target as
    select * from source.company.target where entity_id in (from entity select entity_id)
    union all
    select * replace ((select min_by(entity_id, n) from entity) as entity_id) from source.company.target where entity_id is null;

-- A level for each company, and below it one for each of its departments. Names are unique: where there are several companies, a department's
-- tells which, and only the name to be displayed is the plain one.
create table level as
    select 100 * n as id, null::bigint as parent_id, upper(entity_id) as code, name, name as display_name, currency, entity_id, null as department_id
    from entity
    union all
    select 100 * n + row_number() over (partition by n order by department_id), 100 * n, upper(entity_id) || '-' || upper(department_id),
        d.name || case when (select count(*) from entity) > 1 then ' ' || upper(entity_id) else '' end, d.name, currency, entity_id, department_id
    from entity
    cross join source.company.department d;

-- Accounts of the ledger below what they are, and assumptions; `seq` is their order in the tree.
create table account as
    with ledger as (
        select account_code, any_value(name) as name, any_value(class) as class
        from source.company.account
        semi join entity using (entity_id)
        where account_code in (from line select account_code)
        group by account_code
    ),
    assumption (id, code, name, display_as) as (
        values (901, 'HEADCOUNT', 'Headcount', 'NUMBER'), (902, 'VOLUME', 'Volume', 'NUMBER'), (903, 'PRICE', 'Price', 'CURRENCY'),
            (904, 'REVENUE_TARGET', 'Revenue Target', 'CURRENCY'), (905, 'CAC_TARGET', 'CAC Target', 'CURRENCY'), (906, 'QUOTA', 'Quota', 'CURRENCY'),
            (907, 'ROI_TARGET', 'ROI Target', 'PERCENT')
    )
    select id, null::bigint as parent_id, code, name, type, 'CURRENCY' as display_as, false as is_assumption, true as is_group
    from (values (1, 'Revenue', 'Revenue', 'R'), (2, 'Expenses', 'Expenses', 'E')) g (id, code, name, type)
    union all
    select 10 + row_number() over (order by account_code), case class when 'revenue' then 1 else 2 end, account_code, name,
        case class when 'revenue' then 'R' else 'E' end, 'CURRENCY', false, false
    from ledger
    union all
    select 900, null, 'Assumptions', 'Assumptions', 'A', 'NUMBER', true, true
    union all
    select id, 900, code, name, 'A', display_as, true, false from assumption;

create table dimension as
    select * from (values (1, 'Product', false), (2, 'Channel', true), (3, 'Seller', true)) d (id, name, is_list);
-- Values of dimensions: products below a roll-up. Names are unique in a dimension.
create table dimension_value as
    with seller as (
        select employee_id, email, first_name || ' ' || last_name as full_name, count(*) over (partition by first_name, last_name) as namesakes
        from source.company.employee
        where employee_id in (from target select scope_key where scope = 'seller')
    )
    select 1000 as id, 1 as dimension_id, null::bigint as parent_id, 'ALL' as code, 'All Products' as name, null as email, null as key
    union all
    select 1000 + row_number() over (order by product_id), 1, 1000, sku, name, null, product_id from source.company.product
    union all
    select 2000 + row_number() over (order by channel), 2, null, channel, channel, null, channel
    from (select distinct scope_key as channel from target where scope = 'channel')
    union all
    select 3000 + row_number() over (order by employee_id), 3, null, employee_id, case namesakes when 1 then full_name else email end, email, employee_id
    from seller;

-- A version is what the companies call by one name; what-ifs lie below the budget of their year. Targets have a version of their own.
create table version as
    with named as (
        select name, any_value(version) as kind, any_value(fiscal_year) as fiscal_year, min(created_at) as created_at, max(locked_at) as locked_at
        from plan
        group by name
        union all
        select 'Targets', 'targets', null, (select min(created_at) from plan), null where exists (from target)
    )
    select row_number() over (order by kind <> 'actuals', created_at, name) as id, * from named;
alter table version add column parent_id bigint;
update version set parent_id = budget.id from version budget
where version.kind like 'scenario%' and budget.kind = 'original' and budget.fiscal_year = version.fiscal_year;

-- Every value of the cube, with the moment from which it is known.
create table fact as
    with place as (select version.id as version_id, plan.* from plan join version using (name)),
    leaf as (select * from account where not is_group)
    select version_id, a.id as account_id, l.id as level_id, null::bigint as product_id, null::bigint as channel_id, null::bigint as seller_id, month, amount,
        edited_at, edited_amount, place.created_at as known_at
    from line
    join place using (budget_id)
    join leaf a on a.code = account_code and not a.is_assumption
    join level l on l.entity_id = place.entity_id and l.department_id = line.department_id
    union all
    select version_id, a.id, l.id, p.id, null, null, month, amount, null, null,
        case place.version when 'actuals' then (last_day(month) + 1)::timestamp else place.created_at end
    from driver
    join place using (budget_id)
    join leaf a on a.code = upper(driver.driver)
    join level l on l.entity_id = place.entity_id and l.department_id is not distinct from driver.department_id
    left join dimension_value p on p.dimension_id = 1 and p.key = driver.product_id
    union all
    select version.id, a.id, l.id, p.id, c.id, s.id, period_month, amount, null, null, version.created_at
    from target
    join version on kind = 'targets'
    join leaf a on a.code = case metric when 'quota' then 'QUOTA' else upper(metric) || '_TARGET' end
    join level l on l.entity_id = target.entity_id and l.department_id is null
    left join dimension_value p on p.dimension_id = 1 and p.key = scope_key and scope = 'product'
    left join dimension_value c on c.dimension_id = 2 and c.key = scope_key and scope = 'channel'
    left join dimension_value s on s.dimension_id = 3 and s.key = scope_key and scope = 'seller';

-- The fiscal calendar: every month of every year in which something is planned.
create table period as
    with ending as (select min_by(fiscal_year_end_month, n)::integer as last_month from entity),
    span as (
        select min(year(month + to_months(12 - last_month))) as first, max(year(month + to_months(12 - last_month))) as last
        from fact
        cross join ending
    ),
    months as (
        select unnest(generate_series(make_date(first::integer, 1, 1)::timestamp, make_date(last::integer, 12, 1)::timestamp, interval 1 month)) as fiscal,
            last_month
        from span
        cross join ending
    )
    select (fiscal - to_months(12 - last_month))::date as month, year(fiscal)::integer as fiscal_year, quarter(fiscal)::integer as fiscal_quarter from months;

-- What stands above each account and each level, itself included.
create table account_up as
    select id as shown_id, id as account_id from account
    union all
    select parent_id, id from account where parent_id is not null and not is_assumption;
create table level_up as
    select id as shown_id, id as level_id from level
    union all
    select parent_id, id from level where parent_id is not null;

-- Units of a currency for one euro by month: the last known one.
create table rate as
    with known as (select 'EUR' as currency, date '1999-01-01' as rate_date, 1.0 as units union all select currency, rate_date, units_per_eur from source.company.fx_rate)
    select month, currency, max_by(units, rate_date) as units
    from period
    join known on rate_date <= last_day(month)
    group by month, currency;

create table personnel as
    select employee_id, level.id as level_id, first_name || ' ' || last_name as name, email, job_title, hired_date, left_date, annual_salary
    from source.company.employee
    join level using (entity_id, department_id);

-- Every moment at which something of the instance changes: it counts them.
create table change as
    select distinct created_at as happened_at from plan
    union
    select locked_at from plan where locked_at is not null
    union
    select edited_at from line where edited_at is not null
    union
    select known_at from fact;
