-- The part of the simulated company that its Salesforce org knows, copied once from the company's file (attached as `source`). All
-- instants are cut to seconds: the org keeps no finer ones.

create macro sf_id(prefix, number) as prefix || lpad(number::varchar, 12, '0') || case when prefix[3] between 'A' and 'Z' then 'EAA' else 'AAA' end;
-- Records that other systems show too bear the same ids there: see `salesforce_ids.py`.
create macro crm_id(object, of_key) as (select c.id from crm c where c.prefix = object and c.key = of_key);
create macro draw(key, sides) as (md5_number_lower(key) % sides::ubigint)::bigint;
-- Of nine transactions one is committed up to eight minutes after the stamp that it bears: readers see it only then.
create macro late(key) as to_seconds(case when draw('late ' || key, 9) = 0 then 45 + draw('seconds ' || key, 420) else 0 end);
create macro sec(moment) as date_trunc('second', moment);

create table selling as
    select entity_id, name, currency, country from source.company.entity where crm = 'salesforce';

-- Word of the org for where somebody came from, and the kind of its campaigns.
create table channel_word (channel varchar, campaign_type varchar);
insert into channel_word values
    ('paid_search', 'Paid Search'), ('paid_social', 'Paid Social'), ('display', 'Display Advertising'), ('email', 'Email'), ('webinar', 'Webinar'),
    ('event', 'Trade Show'), ('content', 'Content'), ('partner', 'Partner'), ('organic_search', 'Organic Search'),
    ('organic_social', 'Organic Social'), ('direct', 'Web'), ('referral', 'Referral');

create table stage_word (stage varchar, label varchar, place integer, probability integer, forecast varchar, category varchar);
insert into stage_word values
    ('qualification', 'Qualification', 1, 20, 'Pipeline', 'Pipeline'), ('discovery', 'Discovery', 2, 40, 'Pipeline', 'Pipeline'),
    ('proposal', 'Proposal', 3, 60, 'BestCase', 'Best Case'), ('negotiation', 'Negotiation', 4, 80, 'Forecast', 'Commit'),
    ('closedwon', 'Closed Won', 5, 100, 'Closed', 'Closed'), ('closedlost', 'Closed Lost', 6, 0, 'Omitted', 'Omitted');

create table role_fact as
    select sf_id('00E', row_number() over (order by entity_id, department)) as id, entity_id, department, department || ' ' || upper(entity_id) as name
    from selling cross join (values ('Sales'), ('Marketing')) d (department);

create table user_fact as
    with people as (
        select e.*, case e.department_id when 'marketing' then 'Marketing' else 'Sales' end as department
        from source.company.employee e semi join selling using (entity_id)
        where department_id in ('sales', 'marketing')
            or employee_id in (select owner_employee_id from source.company.opportunity)
            or employee_id in (select owner_employee_id from source.company.campaign)
    )
    select sf_id('005', 1 + row_number() over (order by hired_date, employee_id)) as id, employee_id, p.entity_id, p.department, first_name, last_name, email,
        job_title, r.id as role_id, s.currency, s.name as entity_name, sec(least(created_at, hired_date::timestamp)) as created_at, left_date::timestamp as left_at
    from people p join selling s using (entity_id) left join role_fact r on r.entity_id = p.entity_id and r.department = p.department
    union all
    select sf_id('005', 1), null, (select min(entity_id) from selling), null, 'Integration', 'User', 'integration@meridian.example', null, null,
        getvariable('corporate_currency'), null, (select first_date::timestamp - interval 400 day from source.company.parameter), null;
create macro user_of(employee) as coalesce((select u.id from user_fact u where u.employee_id = employee), sf_id('005', 1));
create table seller as
    select entity_id, list(id order by id) as ids from user_fact where department = 'Sales' and left_at is null group by entity_id;

create table account_fact as
    with numbered as (
        select o.*, crm_id('001', o.organization_id) as id
        from source.company.organization o semi join selling using (entity_id)
    )
    -- Somebody notices half of the firms that were entered twice, weeks later, and merges them into the older entry.
    select n.* replace (sec(n.created_at) as created_at), m.id as master_id,
        case when m.id is not null then sec(n.created_at) + to_days(20 + draw('merge ' || n.organization_id, 40)) end as merged_at, late(n.organization_id) as late,
        coalesce(s.ids[1 + draw('owner ' || n.organization_id, len(s.ids))], sf_id('005', 1)) as owner_id
    from numbered n left join seller s using (entity_id)
    left join numbered m on n.organization_id like '%-d' and m.organization_id = n.organization_id[:-3] and draw('notices ' || n.organization_id, 2) = 0;

-- Who takes part in a deal: those of the simulation, and whoever a deal is with.
create table part as
    select opportunity_id, p.person_id, max(role) as role, max(p.is_primary) as is_primary, any_value(o.created_at) as deal_at,
        greatest(any_value(o.created_at), any_value(n.created_at)) as tied_at
    from (
        select opportunity_id, person_id, role, false as is_primary from source.company.opportunity_person
        union all
        select opportunity_id, primary_person_id, null, true from source.company.opportunity where primary_person_id is not null
    ) p
    join source.company.opportunity o using (opportunity_id)
    join source.company.person n on n.person_id = p.person_id
    where o.entity_id in (select entity_id from selling)
    group by opportunity_id, p.person_id;

-- A lead is converted when sales accepts it, or puts the person on a deal; who is a contact before leaving an address again is matched at once.
create table lead_fact as
    with tied as (select person_id, min(tied_at) as tied_at from part group by person_id),
    known as (
        select l.*, p.organization_id, p.first_name, p.last_name, p.email, p.phone, p.job_title, o.name as company, o.country,
            case when coalesce(l.sql_at, t.tied_at) is not null then greatest(l.created_at, least(l.sql_at, t.tied_at)) end as converted_at
        from source.company.lead l
        semi join selling using (entity_id)
        join source.company.person p using (person_id)
        left join source.company.organization o using (organization_id)
        left join tied t using (person_id)
    ),
    entry as (
        select person_id, arg_min(t, t.occurred_at) as touch from source.company.touch t where touch_type = 'form_submission' group by person_id
    )
    select crm_id('00Q', k.lead_id) as id,
        k.* replace (sec(k.created_at) as created_at, sec(mql_at) as mql_at, sec(sql_at) as sql_at, sec(disqualified_at) as disqualified_at, sec(converted_at) as converted_at),
        late(k.person_id) as late,
        -- The campaign is known by the tags of the form's address, or by the list of those who came.
        case when e.touch.utm_campaign is not null or k.channel in ('event', 'webinar', 'email') then k.campaign_id end as known_campaign_id,
        case when k.campaign_id is null or e.touch.utm_campaign is not null or k.channel in ('event', 'webinar', 'email') then k.channel else 'direct' end as known_channel,
        coalesce(s.ids[1 + draw('lead ' || k.person_id, len(s.ids))], sf_id('005', 1)) as owner_id
    from known k left join entry e using (person_id) left join seller s using (entity_id);

create table contact_fact as
    with met as (
        select person_id, min(at_time) as created_at from (
            select person_id, sec(tied_at) as at_time from part
            union all
            select person_id, converted_at from lead_fact where converted_at is not null
        ) group by person_id
    )
    select crm_id('003', m.person_id) as id, m.person_id, m.created_at, p.organization_id, o.entity_id, p.first_name, p.last_name,
        p.email, p.phone, p.job_title, a.id as account_id, l.known_channel, l.owner_id, late('contact ' || m.person_id) as late
    from met m join source.company.person p using (person_id) join source.company.organization o using (organization_id)
    left join account_fact a using (organization_id) left join lead_fact l using (person_id);

create table campaign_fact as
    select crm_id('701', c.campaign_id) as id, c.* replace (sec(created_at) as created_at, sec(renamed_at) as renamed_at),
        late(campaign_id) as late, user_of(owner_employee_id) as owner_id
    from source.company.campaign c semi join selling using (entity_id);
create table spend_fact as
    select campaign_id, amount, sec(recorded_at) as recorded_at from source.company.campaign_spend semi join campaign_fact using (campaign_id);
create table email_fact as
    select campaign_id, sent, sec(published_at) as published_at from source.company.marketing_email semi join campaign_fact using (campaign_id);

create table opportunity_fact as
    select sf_id('006', row_number() over (order by o.created_at, o.opportunity_id)) as id,
        o.* replace (sec(o.created_at) as created_at, sec(closed_at) as closed_at, sec(updated_at) as updated_at, sec(deleted_at) as deleted_at),
        a.id as account_id, c.id as contact_id, l.known_channel, k.id as campaign, late(o.opportunity_id) as late, user_of(o.owner_employee_id) as owner_id,
        exists (select 1 from source.company.opportunity_line x where x.opportunity_id = o.opportunity_id) as has_lines,
        l.lead_id is not null and o.kind = 'new' and sec(o.created_at) = l.converted_at as from_lead
    from source.company.opportunity o semi join selling using (entity_id)
    left join account_fact a using (organization_id)
    left join contact_fact c on c.person_id = o.primary_person_id
    left join lead_fact l on l.person_id = o.primary_person_id
    left join campaign_fact k on k.campaign_id = l.known_campaign_id;

create table role_of_contact_fact as
    select sf_id('00K', row_number() over (order by p.tied_at, p.opportunity_id, p.person_id)) as id, o.id as opportunity, c.id as contact, sec(p.tied_at) as created_at,
        list_aggregate(list_transform(string_split(coalesce(p.role, 'decision maker'), ' '), w -> upper(w[1]) || w[2:]), 'string_agg', ' ') as role, p.is_primary,
        o.currency, o.owner_id, o.deleted_at, o.late
    from part p join opportunity_fact o using (opportunity_id) join contact_fact c using (person_id);

create table product_fact as
    select sf_id('01t', row_number() over (order by product_id)) as id, p.*, (select first_date::timestamp - interval 200 day from source.company.parameter) as created_at
    from source.company.product p;
create table price_fact as
    select sf_id('01u', row_number() over (order by product_id, c.currency)) as id, product_id, c.currency from product_fact
    cross join (select distinct currency from opportunity_fact) c (currency);

create table line_fact as
    select sf_id('00k', row_number() over (order by o.created_at, l.opportunity_line_id)) as id, o.id as opportunity, p.id as product, e.id as price_entry, p.sku, p.name, l.quantity,
        -- The price is of the whole term: the org multiplies it by the quantity, and by nothing else.
        l.unit_price * greatest(l.term_months, 1) as unit_price, l.discount_pct, l.amount, l.term_months, o.currency, o.created_at, o.owner_id, o.deleted_at, o.late,
        o.created_at::date as service_date
    from source.company.opportunity_line l join opportunity_fact o using (opportunity_id) join product_fact p using (product_id)
    left join price_fact e on e.product_id = l.product_id and e.currency = o.currency;

create table stage_fact as
    select sf_id('008', row_number() over (order by s.entered_at, s.opportunity_id, s.stage)) as id, o.id as opportunity, o.opportunity_id, s.stage, w.label, w.probability, w.forecast, w.category,
        sec(s.entered_at) as entered_at, o.amount, o.currency, o.expected_close_date, s.stage like 'closed%' as is_closing, o.closed_at, o.owner_id, o.deleted_at, o.late,
        lag(w.label) over (partition by s.opportunity_id order by s.entered_at, s.stage) as former_label
    from source.company.opportunity_stage s join opportunity_fact o using (opportunity_id) join stage_word w using (stage);

-- Changes of fields that the org keeps; the pseudo fields tell how a record came about, and that a lead was converted.
create table deal_change_fact as
    with change as (
        select opportunity, created_at, case when from_lead then 'opportunityCreatedFromLead' else 'created' end as field, null as data_type, null as old_value, null as new_value, owner_id, deleted_at, late
        from (select *, id as opportunity from opportunity_fact)
        union all
        select opportunity, entered_at, 'StageName', 'DynamicEnum', former_label, label, owner_id, deleted_at, late from stage_fact where former_label is not null
        union all
        select opportunity, entered_at, 'CloseDate', 'DateOnly', expected_close_date::varchar, entered_at::date::varchar, owner_id, deleted_at, late
        from stage_fact where is_closing and entered_at::date <> expected_close_date
    )
    select sf_id('017', row_number() over (order by created_at, opportunity, field)) as id, * from change;
create table lead_change_fact as
    with change as (
        select id as lead, created_at, 'created' as field, null as data_type, null as old_value, null as new_value, owner_id, late from lead_fact
        union all
        select id, mql_at, 'Status', 'DynamicEnum', 'Open - Not Contacted', 'Working - Contacted', owner_id, late
        from lead_fact where mql_at < coalesce(converted_at, timestamp '9999-01-01')
        union all
        select id, disqualified_at, 'Status', 'DynamicEnum', 'Working - Contacted', 'Closed - Not Converted', owner_id, late
        from lead_fact where disqualified_at < coalesce(converted_at, timestamp '9999-01-01')
        union all
        select id, converted_at, 'leadConverted', null, null, null, owner_id, late from lead_fact where converted_at is not null
    )
    select sf_id('017', 500_000_000 + row_number() over (order by created_at, lead, field)) as id, * from change;

-- Who answered to a campaign, as far as the org can know: the person is in it by then, and tags or a list of guests tell the campaign.
create table response_fact as
    with answer as (
        select t.campaign_id, t.person_id, t.touch_type, sec(t.occurred_at) as occurred_at,
            case t.touch_type when 'form_submission' then 3 when 'webinar_attended' then 2 when 'event_attended' then 2 when 'visit' then 0 else 1 end as weight
        from source.company.touch t semi join campaign_fact using (campaign_id)
        left join lead_fact l using (person_id) left join contact_fact c using (person_id)
        where t.occurred_at >= least(l.created_at, c.created_at) and (t.utm_campaign is not null or t.channel in ('event', 'webinar', 'email'))
    ),
    member as (
        select campaign_id, person_id, sf_id('00v', row_number() over (order by min(occurred_at), campaign_id, person_id)) as id from answer group by campaign_id, person_id
    )
    select id, a.*, late(id) as late from answer a join member using (campaign_id, person_id);

create table talk_fact as
    with latest as (
        select t.touch_id, arg_max(o.id, o.created_at) as opportunity, arg_max(o.owner_id, o.created_at) as owner_id, arg_max(o.account_id, o.created_at) as account_id,
            arg_max(o.currency, o.created_at) as currency
        from source.company.touch t join opportunity_fact o on o.primary_person_id = t.person_id
        where t.touch_type in ('meeting', 'call') and sec(t.occurred_at) >= o.created_at group by t.touch_id
    )
    select row_number() over (order by t.occurred_at, t.touch_id) as number, t.touch_id, t.touch_type, sec(t.occurred_at) as occurred_at, late(t.touch_id) as late,
        p.first_name || ' ' || p.last_name as person, c.id as contact_id, c.created_at as contact_at, l.id as lead_id, d.opportunity, d.account_id, d.currency,
        coalesce(d.owner_id, sf_id('005', 1)) as owner_id
    from source.company.touch t semi join selling using (entity_id)
    join source.company.person p using (person_id)
    left join contact_fact c using (person_id) left join lead_fact l using (person_id) left join latest d using (touch_id)
    where t.touch_type in ('meeting', 'call') and coalesce(c.id, l.id) is not null;

-- The org's rates: of the first publication of each month, in units of the currency for one of the corporate one.
create table rate_fact as
    with currency as (select distinct currency from opportunity_fact union select currency from selling),
    rate as (select rate_date, currency, units_per_eur, published_at from source.company.fx_rate union all select rate_date, 'EUR', 1, max(published_at) from source.company.fx_rate group by rate_date),
    monthly as (
        select r.currency, date_trunc('month', r.rate_date)::date as start_date, arg_min(r.units_per_eur, r.rate_date) as units, arg_min(c.units_per_eur, r.rate_date) as corporate,
            sec(arg_min(greatest(r.published_at, c.published_at), r.rate_date)) as created_at
        from rate r join rate c on c.rate_date = r.rate_date and c.currency = getvariable('corporate_currency')
        where r.currency in (select currency from currency) group by all
    )
    select sf_id('04w', row_number() over (order by start_date, currency)) as id, currency, start_date, (units::double / corporate::double)::decimal(18, 6) as rate, created_at,
        lead(start_date) over (partition by currency order by start_date) as next_date, lead(created_at) over (partition by currency order by start_date) as next_at
    from monthly;
