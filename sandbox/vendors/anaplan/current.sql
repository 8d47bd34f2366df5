-- The model as it stands at the session variable `horizon`: versions, the periods that they span, and a table of cells for each module, as
-- text in the order of its dimensions. Roll-ups of accounts and of years are cells like others.

create or replace temp macro horizon() as getvariable('horizon')::timestamp;
create or replace temp macro period(month) as strftime(month, '%b %y');
create or replace temp macro number_text(amount) as regexp_replace(regexp_replace(amount::decimal(38, 4)::varchar, '0+$', ''), '\.$', '');

create or replace table shown_plan as
    select * from plan where created_at <= horizon();
create or replace table shown_line as
    select version_id, version, kind, fiscal_year, entity_id, account_code, department_id, month,
        case when edited_at <= horizon() then edited_amount else amount end as amount
    from line
    join shown_plan using (budget_id);
create or replace table shown_driver as
    select version_id, version, entity_id, driver.* exclude (budget_id)
    from driver
    join shown_plan using (budget_id)
    where kind <> 'actuals' or last_day(month) < horizon()::date;

create or replace table shown_version as
    with span as (select version_id, min(month) as first_month, max(month) as last_month from shown_line group by version_id)
    select version.id, version.name, version.kind = 'actuals' as is_actual, first_month, last_month,
        version.id = (select max_by(version_id, created_at) from shown_plan where kind not like 'scenario%' and kind <> 'actuals') as is_current,
        bool_and(locked_at <= horizon() and locked_at is not null) as is_locked
    from version
    join shown_plan on version_id = version.id
    left join span on span.version_id = version.id
    group by all
    order by version.id;

create or replace table cells_status as
    select version as "Versions", item.name as "Entities",
        case when kind = 'original' then 'Budget' when kind like 'reforecast%' then 'Forecast' when kind like 'scenario%' then 'Scenario' else 'Actual' end as "Scenario",
        fiscal_year::varchar as "Fiscal Year", created_at::date::varchar as "Created On", (locked_at is not null and locked_at <= horizon())::varchar as "Locked"
    from shown_plan
    join item on list = 1 and key = entity_id
    order by version_id, item.id;

create or replace table cells_plan as
    with leaf as (
        select version_id, version, fiscal_year, e.id as entity_item, e.name as entity, a.id as account_item, a.name as account, a.parent, d.id as department_item,
            d.name as department, month, amount
        from shown_line
        join item e on e.list = 1 and e.key = entity_id
        join item a on a.list = 2 and a.key = account_code
        join item d on d.list = 3 and d.key = department_id
    ),
    by_account as (
        select * exclude (parent) from leaf
        union all
        select version_id, version, fiscal_year, entity_item, entity, p.id, p.name, department_item, department, month, sum(amount)
        from leaf
        join item p on p.list = 2 and p.name = leaf.parent
        group by all
    ),
    by_period as (
        select *, month as sort, period(month) as period from by_account
        union all by name
        select * exclude (month, amount), max(month) + interval 1 day as sort, 'FY' || right(fiscal_year::varchar, 2) as period, sum(amount) as amount
        from by_account
        group by all
    )
    select version as "Versions", entity as "Entities", account as "Accounts", department as "Departments", period as "Time", number_text(amount) as "Amount"
    from by_period
    order by version_id, entity_item, account_item, department_item, sort;

create or replace table cells_headcount as
    select version as "Versions", e.name as "Entities", d.name as "Departments", period(month) as "Time", number_text(amount) as "Headcount"
    from shown_driver
    join item e on e.list = 1 and e.key = entity_id
    join item d on d.list = 3 and d.key = department_id
    where driver = 'headcount'
    order by version_id, e.id, d.id, month;

create or replace table cells_subscriptions as
    select version as "Versions", e.name as "Entities", p.name as "Products", period(month) as "Time",
        number_text(max(amount) filter (driver = 'volume')) as "Volume", number_text(max(amount) filter (driver = 'price')) as "Price"
    from shown_driver
    join item e on e.list = 1 and e.key = entity_id
    join item p on p.list = 4 and p.key = product_id
    group by version_id, version, e.id, e.name, p.id, p.name, month
    order by version_id, e.id, p.id, month;

create or replace table cells_company_targets as
    select e.name as "Entities", period(period_month) as "Time",
        number_text(max(amount) filter (metric = 'revenue')) as "Revenue Target", number_text(max(amount) filter (metric = 'cac')) as "CAC Target"
    from target
    join item e on e.list = 1 and e.key = entity_id
    where scope = 'entity'
    group by e.id, e.name, period_month
    order by e.id, period_month;

create or replace table cells_channel_targets as
    select e.name as "Entities", c.name as "Channels", period(period_month) as "Time", number_text(amount) as "CAC Target"
    from target
    join item e on e.list = 1 and e.key = entity_id
    join item c on c.list = 5 and c.key = scope_key
    where scope = 'channel' and metric = 'cac'
    order by e.id, c.id, period_month;

create or replace table cells_product_targets as
    select e.name as "Entities", p.name as "Products", period(period_month) as "Time", number_text(amount) as "Revenue Target"
    from target
    join item e on e.list = 1 and e.key = entity_id
    join item p on p.list = 4 and p.key = scope_key
    where scope = 'product' and metric = 'revenue'
    order by e.id, p.id, period_month;

create or replace table cells_quotas as
    select e.name as "Entities", s.name as "Sellers", period(period_month) as "Time", number_text(amount) as "Quota"
    from target
    join item e on e.list = 1 and e.key = entity_id
    join item s on s.list = 6 and s.key = scope_key
    where scope = 'seller'
    order by e.id, s.id, period_month;

create or replace table cells_campaign_targets as
    select period(period_month) as "Time", number_text(amount) as "ROI Target" from target where scope = 'campaign' order by period_month;

create or replace table months as
    select distinct month from (select month from shown_line union all select month from shown_driver union all select period_month from target) order by month;

create or replace table saved as
    select 1000 + count(*) as serial, max(happened_at) as saved_at, horizon()::date as today from change where happened_at <= horizon();
