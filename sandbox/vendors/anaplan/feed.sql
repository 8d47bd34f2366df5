-- The part of the simulated company that its Anaplan tenant knows, copied once from the company's file (attached as `source`): the plans of
-- all entities that plan there. One model holds them: entities are a list of it, and its versions are common to them.

create table entity as
    select row_number() over (order by parent_entity_id nulls first, entity_id) as n, entity_id, name, currency, fiscal_year_end_month
    from source.company.entity
    where plans = 'anaplan';

-- A version of the tool is what the entities call by one name. It spans the months that its lines do; `Actuals` all of them.
create table version as
    select 107000000000 + row_number() over (order by min(created_at), name) as id, name, any_value(version) as kind, any_value(fiscal_year) as fiscal_year,
        min(created_at) as created_at
    from source.company.budget
    semi join entity using (entity_id)
    group by name;
create table plan as
    select budget_id, entity_id, version.id as version_id, version.name as version, budget.version as kind, budget.fiscal_year, budget.created_at, locked_at
    from source.company.budget
    semi join entity using (entity_id)
    join version on version.name = budget.name;
create table line as
    select l.*, e.edited_at, e.amount as edited_amount
    from source.company.budget_line l
    semi join plan using (budget_id)
    left join source.company.plan_edit e using (budget_id, account_code, department_id, month);
create table driver as
    select * from source.company.plan_driver semi join plan using (budget_id);
create table target as
    select * from source.company.target where entity_id is null or entity_id in (from entity select entity_id);

-- Items of the lists. Accounts roll up to what they are; a roll-up is an item of the same list. Names are unique in a list.
create table item as
    with account as (
        select account_code, any_value(name) as name, any_value(class) as class
        from source.company.account
        semi join entity using (entity_id)
        where account_code in (from line select account_code)
        group by account_code
    ),
    seller as (
        select employee_id, email, first_name || ' ' || last_name as full_name, count(*) over (partition by first_name, last_name) as namesakes, entity_id
        from source.company.employee
        where employee_id in (from target select scope_key where scope = 'seller')
    )
    select 1 as list, n as position, name, entity_id as code, null as parent, '{"Currency":"' || currency || '"}' as properties, entity_id as key from entity
    union all
    select 2, case code when 'REV' then 0 else 1 end, name, code, null, '{}', code from (values ('Erlöse · 売上高', 'REV'), ('Aufwand · 費用', 'EXP')) rolled (name, code)
    union all
    select 2, 1 + row_number() over (order by account_code), account_code || ' ' || name, account_code,
        case class when 'revenue' then 'Erlöse · 売上高' else 'Aufwand · 費用' end, '{}', account_code
    from account
    union all
    select 3, row_number() over (order by department_id), name, department_id, null, '{}', department_id from source.company.department
    union all
    select 4, row_number() over (order by product_id), name, sku, null, '{}', product_id from source.company.product
    union all
    select 5, row_number() over (order by channel), channel, channel, null, '{}', channel
    from (select distinct scope_key as channel from target where scope = 'channel')
    union all
    select 6, row_number() over (order by employee_id), case namesakes when 1 then full_name else email end, employee_id, null,
        '{"Email":"' || email || '"}', employee_id
    from seller;
alter table item add column id bigint;
update item set id = (200 + list)::bigint * 1000000000 + position;

-- Every moment at which something of the model changes: the model counts them.
create table change as
    select distinct created_at as happened_at from plan
    union
    select locked_at from plan where locked_at is not null
    union
    select edited_at from line where edited_at is not null
    union
    select (last_day(month) + 1)::timestamp from driver join plan using (budget_id) where kind = 'actuals';
