-- The account as it stands at the session variable `horizon`: a table for each listing, with the columns that it can be filtered and
-- sorted by and each row as the JSON that travels. A fact of a row shows only once its own moment has passed.

create or replace temp macro seen(moment) as case when moment <= getvariable('horizon') then moment end;
create or replace temp macro told(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%SZ');

create or replace table deal_now as
    with moved as (
        select deal_id as id, arg_max(stage_id, entered_at) as stage_id, max(entered_at) as moved_at
        from entry
        where entered_at <= getvariable('horizon')
        group by deal_id
    )
    select opportunity.* exclude (deleted_at, closed_at, archived_at), coalesce(stage_id, 1) as stage_id, moved_at, seen(closed_at) as ended_at,
        seen(deleted_at) as gone_at, seen(archived_at) as put_away_at, owner.id as owner_id, person.id as person_id, organization.id as org_id,
    from opportunity
    left join moved using (id)
    left join owner on owner.employee_id = owner_employee_id
    left join person on person.person_id = primary_person_id
    left join organization on organization.organization_id = opportunity.organization_id
    where opportunity.created_at <= getvariable('horizon');

-- A deleted deal can be seen for thirty days yet.
create or replace table deals as
    with known as (
        select *, case when gone_at is not null then 'deleted' else coalesce(case when ended_at is not null then outcome end, 'open') end as status,
            greatest(created_at, moved_at, ended_at, seen(updated_at), gone_at, put_away_at) as update_time, put_away_at is not null as is_archived,
        from deal_now
        where gone_at is null or gone_at > getvariable('horizon') - interval 30 day
    )
    select id, created_at as add_time, update_time, status, is_archived, owner_id, person_id, org_id, 1 as pipeline_id, stage_id,
        json_object(
            'id', id, 'title', name, 'owner_id', owner_id, 'person_id', person_id, 'org_id', org_id, 'pipeline_id', 1, 'stage_id', stage_id,
            'value', amount::double, 'currency', currency, 'add_time', told(created_at), 'update_time', told(update_time),
            'stage_change_time', case when moved_at > created_at then told(moved_at) end, 'is_deleted', gone_at is not null, 'is_archived', is_archived,
            'status', status, 'probability', case when status = 'open' and id % 7 = 0 then 50 end, 'lost_reason', null, 'visible_to', 3,
            'close_time', told(ended_at), 'won_time', case when outcome = 'won' then told(ended_at) end,
            'lost_time', case when outcome = 'lost' then told(ended_at) end, 'expected_close_date', strftime(expected_close_date, '%Y-%m-%d'),
            'label_ids', json_array(), 'origin', 'ManuallyCreated', 'origin_id', null, 'channel', null, 'channel_id', null, 'source_lead_id', null,
            'arr', null, 'mrr', null, 'acv', null,
            'custom_fields', json_object(field_code('deal', 'Deal type'), case kind when 'new' then 31 when 'expansion' then 32 when 'renewal' then 33 end)
        )::varchar as body,
    from known
    order by id;

create or replace table persons as
    with known as (
        select person.*, seller, greatest(created_at, seen(mql_at), seen(sql_at), sold_at) as update_time
        from person
        left join (
            select person_id as id, arg_max(owner_id, created_at) as seller, max(created_at) as sold_at from deal_now group by person_id
        ) using (id)
        where created_at <= getvariable('horizon')
    )
    select known.id, known.created_at as add_time, update_time, coalesce(seller, owner_of_everything.id) as owner_id, organization.id as org_id,
        json_object(
            'id', known.id, 'name', first_name || ' ' || last_name, 'first_name', first_name, 'last_name', last_name,
            'owner_id', coalesce(seller, owner_of_everything.id), 'org_id', organization.id, 'add_time', told(known.created_at), 'update_time', told(update_time),
            'emails', case when email is null then json_array() else json_array(json_object('value', email, 'primary', true, 'label', 'work')) end,
            'phones', case when phone is null then json_array() else json_array(json_object('value', phone, 'primary', true, 'label', 'work')) end,
            'is_deleted', false, 'visible_to', 3, 'label_ids', json_array(), 'picture_id', null, 'postal_address', null, 'notes', null, 'im', json_array(),
            'birthday', null, 'job_title', job_title,
            'custom_fields', json_object(
                field_code('person', 'mql_date'), strftime(seen(mql_at), '%Y-%m-%d'), field_code('person', 'sql_date'), strftime(seen(sql_at), '%Y-%m-%d')
            )
        )::varchar as body,
    from known
    left join organization using (organization_id)
    cross join owner_of_everything
    order by known.id;

create or replace table organizations as
    select organization.id, created_at as add_time, created_at as update_time, owner_of_everything.id as owner_id,
        json_object(
            'id', organization.id, 'name', name, 'owner_id', owner_of_everything.id, 'add_time', told(created_at), 'update_time', told(created_at),
            'is_deleted', false, 'visible_to', 3,
            'address', json_object(
                'value', concat_ws(', ', street, postal_code || ' ' || city, country), 'country', country, 'admin_area_level_1', null, 'admin_area_level_2', null,
                'locality', city, 'sublocality', null, 'route', regexp_replace(street, '^\d+ ', ''), 'street_number', regexp_extract(street, '^\d+'),
                'subpremise', null, 'postal_code', postal_code
            ),
            'label_ids', json_array(), 'website', 'https://www.' || domain, 'linkedin', null, 'annual_revenue', null, 'employee_count', employee_count,
            'custom_fields', json_object()
        )::varchar as body,
    from organization
    cross join owner_of_everything
    where created_at <= getvariable('horizon')
    order by organization.id;

create or replace table activities as
    select activity.id, activity.created_at as add_time, activity.created_at as update_time, coalesce(owner.id, owner_of_everything.id) as owner_id,
        activity.deal_id, activity.person_id, organization.id as org_id, true as done,
        json_object(
            'id', activity.id, 'subject', upper(touch_type[1]) || touch_type[2:] || ' with ' || person_name, 'type', touch_type,
            'owner_id', coalesce(owner.id, owner_of_everything.id), 'creator_user_id', coalesce(owner.id, owner_of_everything.id), 'is_deleted', false,
            'add_time', told(activity.created_at), 'update_time', told(activity.created_at), 'deal_id', activity.deal_id, 'lead_id', null,
            'person_id', activity.person_id, 'org_id', organization.id, 'project_id', null, 'due_date', strftime(occurred_at, '%Y-%m-%d'),
            'due_time', strftime(occurred_at, '%H:%M:%S'), 'duration', '00:30:00', 'busy', true, 'done', true,
            'marked_as_done_time', told(activity.created_at), 'location', null,
            'participants', json_array(json_object('person_id', activity.person_id, 'primary', true)), 'attendees', json_array(),
            'conference_meeting_client', null, 'conference_meeting_url', null, 'conference_meeting_id', null, 'public_description', null, 'priority', null,
            'note', null
        )::varchar as body,
    from activity
    left join owner on owner.employee_id = owner_employee_id
    left join organization using (organization_id)
    cross join owner_of_everything
    where activity.created_at <= getvariable('horizon')
    order by activity.id;

create or replace table deal_products as
    select line.id, line.deal_id, line.order_nr, line.created_at as add_time, line.created_at as update_time,
        json_object(
            'id', line.id, 'deal_id', deal_id, 'product_id', product_id, 'product_variation_id', null, 'name', line.name, 'item_price', unit_price::double,
            'quantity', quantity::double, 'sum', line.amount::double, 'currency', line.currency, 'tax', 0, 'tax_method', 'exclusive',
            'discount', discount_pct::double, 'discount_type', 'percentage', 'is_enabled', true, 'comments', '', 'order_nr', line.order_nr,
            'add_time', told(line.created_at), 'update_time', told(line.created_at), 'billing_frequency', case when term_months > 0 then 'monthly' else 'one-time' end,
            'billing_frequency_cycles', case when term_months > 0 then term_months end, 'billing_start_date', null
        )::varchar as body,
    from line
    join deal_now on deal_now.id = deal_id
    where gone_at is null
    order by line.id;

create or replace table products as
    select product.id, created_at as add_time, created_at as update_time, owner_of_everything.id as owner_id,
        json_object(
            'id', product.id, 'name', name, 'code', sku, 'description', description, 'unit', '', 'tax', 0, 'category', null, 'is_deleted', false,
            'is_linkable', true, 'visible_to', 3, 'owner_id', owner_of_everything.id, 'add_time', told(created_at), 'update_time', told(created_at),
            'billing_frequency', case when sku like 'SVC%' then 'one-time' else 'monthly' end, 'billing_frequency_cycles', null,
            'prices', json_array(json_object('product_id', product.id, 'price', price::double, 'currency', currency, 'cost', 0, 'direct_cost', null, 'notes', '')),
            'custom_fields', json_object()
        )::varchar as body,
    from product
    cross join owner_of_everything
    where created_at <= getvariable('horizon')
    order by product.id;

create or replace table pipelines as
    select id, created_at as add_time, created_at as update_time, order_nr,
        json_object(
            'id', id, 'name', name, 'order_nr', order_nr, 'is_deleted', false, 'is_deal_probability_enabled', with_probability,
            'add_time', told(created_at), 'update_time', told(created_at)
        )::varchar as body,
    from pipeline
    cross join (select min(created_at) as created_at from product)
    order by id;

create or replace table stages as
    select id, created_at as add_time, created_at as update_time, order_nr, pipeline_id,
        json_object(
            'id', id, 'order_nr', order_nr, 'name', name, 'is_deleted', false, 'deal_probability', probability, 'pipeline_id', pipeline_id,
            'is_deal_rot_enabled', false, 'days_to_rotten', null, 'add_time', told(created_at), 'update_time', told(created_at)
        )::varchar as body,
    from stage
    cross join (select min(created_at) as created_at from product)
    order by id;

create or replace table users as
    select owner.id,
        json_object(
            'id', owner.id, 'name', name, 'default_currency', getvariable('home_currency'), 'locale', 'en_US', 'lang', 1, 'email', email, 'phone', null,
            'activated', true, 'last_login', strftime(created_at, '%Y-%m-%d %H:%M:%S'), 'created', strftime(created_at, '%Y-%m-%d %H:%M:%S'),
            'modified', strftime(coalesce(seen(left_at), created_at), '%Y-%m-%d %H:%M:%S'), 'has_created_company', false,
            'is_admin', case when owner.id = owner_of_everything.id then 1 else 0 end, 'active_flag', seen(left_at) is null, 'timezone_name', 'America/Chicago',
            'timezone_offset', '-05:00', 'role_id', 1, 'icon_url', null, 'is_you', owner.id = owner_of_everything.id, 'is_deleted', false
        )::varchar as body,
    from owner
    cross join owner_of_everything
    where created_at <= getvariable('horizon')
    order by owner.id;

-- How many seats the account pays for: whoever is there.
create or replace table seats as select count(*) as seats from owner where created_at <= getvariable('horizon') and seen(left_at) is null;

create or replace table changes as
    select change.* from change where at_time <= getvariable('horizon') order by deal_id, id desc;
