-- The part of the simulated company that its Pipedrive account knows, copied once from the company's file (attached as `source`).
-- `entity` and `home_currency` are session variables. All instants are cut to seconds: the account keeps no finer ones.

create macro second_of(moment) as date_trunc('second', moment);
create macro field_code(kind, name) as sha1(kind || '/' || name);

create table pipeline (id, name, order_nr, with_probability) as values (1, 'Sales Pipeline', 0, true), (2, 'Partner Pipeline', 1, false);

create table stage (id, name, key, order_nr, probability, pipeline_id) as values
    (1, 'Qualification', 'qualification', 0, 20, 1), (2, 'Discovery', 'discovery', 1, 40, 1), (3, 'Proposal', 'proposal', 2, 60, 1),
    (4, 'Negotiation', 'negotiation', 3, 80, 1), (5, 'Introduced', null, 0, 100, 2), (6, 'In Talks', null, 1, 100, 2);

create table opportunity as
    select row_number() over (order by created_at, opportunity_id) as id, opportunity_id, organization_id, primary_person_id, owner_employee_id, name, kind,
        currency, amount::decimal(20, 4) as amount, second_of(created_at) as created_at, expected_close_date, outcome, second_of(closed_at) as closed_at,
        second_of(updated_at) as updated_at, second_of(deleted_at) as deleted_at,
        -- Somebody tidies up: a third of the deals goes to the archive two hundred days after they were closed.
        case when row_number() over (order by created_at, opportunity_id) % 3 = 0 and deleted_at is null then second_of(closed_at) + interval 200 day end as archived_at,
    from source.company.opportunity
    where entity_id = getvariable('entity');

create table lead as
    select person_id, min(second_of(created_at)) as created_at, min(second_of(mql_at)) as mql_at, min(second_of(sql_at)) as sql_at
    from source.company.lead
    where entity_id = getvariable('entity')
    group by person_id;

-- People whom the account knows: leads, and whoever has a deal.
create table person as
    with known as (
        select person_id, created_at from lead
        union all
        select primary_person_id, created_at from opportunity where primary_person_id is not null
    ),
    first as (select person_id, min(created_at) as created_at from known group by person_id)
    select row_number() over (order by first.created_at, person_id) as id, person_id, first.created_at, organization_id, first_name, last_name, email, phone,
        job_title, mql_at, sql_at,
    from first
    join source.company.person using (person_id)
    left join lead using (person_id);

create table organization as
    with known as (
        select organization_id, created_at from person
        union all
        select organization_id, created_at from opportunity
    ),
    first as (select organization_id, min(created_at) as created_at from known group by organization_id)
    select row_number() over (order by organization.created_at, organization_id) as id, organization_id, name, domain, country, city, street, postal_code,
        employee_count, least(second_of(organization.created_at), first.created_at) as created_at,
    from source.company.organization
    left join first using (organization_id)
    where entity_id = getvariable('entity');

create table owner as
    with owned as (select owner_employee_id as employee_id, min(created_at) as owns_since from opportunity group by owner_employee_id)
    select 13_000_000 + row_number() over (order by hired_date, employee_id) as id, employee_id, first_name || ' ' || last_name as name, email,
        least(second_of(employee.created_at), owns_since) as created_at, left_date::timestamp as left_at,
    from source.company.employee
    left join owned using (employee_id)
    where entity_id = getvariable('entity') and department_id in ('sales', 'marketing') or owns_since is not null;
create table owner_of_everything as select coalesce(min(id) filter (left_at is null), min(id)) as id from owner;

create table entry as
    select opportunity_id, opportunity.id as deal_id, stage.id as stage_id, greatest(second_of(entered_at), opportunity.created_at) as entered_at
    from source.company.opportunity_stage as reached
    join opportunity using (opportunity_id)
    join stage on stage.key = reached.stage;

-- What was changed in a deal and when, with values as JSON: stages are texts, amounts are numbers.
create table change as
    with moved as (
        select deal_id, entered_at as at_time, lag(stage_id) over (partition by deal_id order by entered_at, stage_id) as former, stage_id
        from entry
    ),
    told as (
        select deal_id, at_time, 'stage_id' as field_key, to_json(former::varchar) as old_value, to_json(stage_id::varchar) as new_value
        from moved
        where former is not null
        union all
        select id, closed_at, 'status', to_json('open'), to_json(outcome) from opportunity where closed_at is not null
        union all
        select id, created_at, 'value', to_json(0), to_json(amount::double) from opportunity
        union all
        select id, created_at, 'add_time', json('null'), to_json(strftime(created_at, '%Y-%m-%d %H:%M:%S')) from opportunity
    )
    select row_number() over (order by at_time, deal_id, field_key) as id, told.*, owner.id as user_id
    from told
    join opportunity on opportunity.id = deal_id
    left join owner on owner.employee_id = owner_employee_id;

create table product as
    select row_number() over (order by product_id) as id, product_id, name, description, sku, monthly_price::decimal(20, 4) as price, currency,
        (select first_date::timestamp from source.company.parameter) as created_at,
    from source.company.product;

create table line as
    select row_number() over (order by opportunity.id, opportunity_line_id) as id, opportunity.id as deal_id, product.id as product_id, product.name,
        row_number() over (partition by opportunity.id order by opportunity_line_id) as order_nr, quantity, unit_price, discount_pct, term_months,
        line.amount, opportunity.currency, opportunity.created_at,
    from source.company.opportunity_line as line
    join opportunity using (opportunity_id)
    join product using (product_id);

-- Salespeople enter what they did with a person; whoever had the person's deal then did it.
create table activity as
    select row_number() over (order by occurred_at, touch_id) as id, touch_id, touch_type, person.id as person_id, second_of(occurred_at) as occurred_at,
        greatest(second_of(occurred_at), person.created_at) as created_at, opportunity.id as deal_id, owner_employee_id, person.organization_id,
        first_name || ' ' || last_name as person_name,
    from source.company.touch
    join person using (person_id)
    left join opportunity on opportunity.primary_person_id = touch.person_id and opportunity.created_at <= touch.occurred_at
    where touch.entity_id = getvariable('entity') and touch_type in ('meeting', 'call')
    qualify row_number() over (partition by touch_id order by opportunity.created_at desc) = 1;

create table field (kind, name, type, own_code, options) as
    select *, null::json from (values
        ('deal', 'ID', 'int', 'id'), ('deal', 'Title', 'varchar', 'title'), ('deal', 'Value', 'monetary', 'value'),
        ('deal', 'Expected close date', 'date', 'expected_close_date'),
        ('person', 'ID', 'int', 'id'), ('person', 'Name', 'varchar', 'name'), ('person', 'Email', 'varchar', 'email'), ('person', 'Phone', 'phone', 'phone'),
        ('person', 'mql_date', 'date', null), ('person', 'sql_date', 'date', null),
        ('organization', 'ID', 'int', 'id'), ('organization', 'Name', 'varchar', 'name'), ('organization', 'Address', 'address', 'address'),
        ('product', 'ID', 'int', 'id'), ('product', 'Name', 'varchar', 'name'), ('product', 'Product code', 'varchar', 'code'),
        ('activity', 'ID', 'int', 'id'), ('activity', 'Subject', 'varchar', 'subject'), ('activity', 'Type', 'enum', 'type')
    )
    union all
    select 'deal', 'Status', 'status', 'status', '[{"id":"open","label":"Open"},{"id":"won","label":"Won"},{"id":"lost","label":"Lost"},{"id":"deleted","label":"Deleted"}]'::json
    union all
    select 'deal', 'Deal type', 'enum', null, '[{"id":31,"label":"New"},{"id":32,"label":"Expansion"},{"id":33,"label":"Renewal"}]'::json;
