-- The part of the simulated company that its Marketo instance knows, copied once from the company's file (attached as `source`): all
-- entities whose marketing is Marketo, a workspace and a lead partition each. `salesforce_id` gives ids of the CRM that it syncs with.
-- All instants are cut to seconds: the instance tells no finer ones.

create table workspace as
    select row_number() over (order by parent_entity_id nulls first, entity_id) as id, entity_id, name
    from source.company.entity
    where marketing = 'marketo';
create macro seconds(moment) as date_trunc('second', moment);
create macro later(key, what, most) as to_seconds((hash(key || what) % most::ubigint)::bigint);

create table channel as
    select * from (values
        ('paid_search', 1, 'Paid Search', 'Default', ['Not in Program', 'Visited', 'Filled-out Form'], 3),
        ('paid_social', 2, 'Paid Social', 'Default', ['Not in Program', 'Visited', 'Filled-out Form'], 3),
        ('display', 3, 'Display Advertising', 'Default', ['Not in Program', 'Visited', 'Filled-out Form'], 3),
        ('email', 4, 'Email Send', 'Email', ['Not in Program', 'Sent', 'Opened', 'Clicked', 'Filled-out Form'], 4),
        ('webinar', 5, 'Webinar', 'Event with Webinar', ['Not in Program', 'Invited', 'Registered', 'No Show', 'Attended'], 5),
        ('event', 6, 'Tradeshow', 'Event', ['Not in Program', 'Invited', 'Registered', 'No Show', 'Attended'], 5),
        ('content', 7, 'Content', 'Default', ['Not in Program', 'Visited', 'Filled-out Form'], 3),
        ('partner', 8, 'Partner Program', 'Default', ['Not in Program', 'Visited', 'Filled-out Form'], 3)
    ) as c (channel, id, name, type, statuses, success_at);

-- Who is in the database: people who became leads, and people of customers, whom the CRM has as contacts.
create table person as
    with lead as (
        select lead_id as lead_key, person_id, entity_id, seconds(created_at) as created_at, seconds(mql_at) as mql_at, seconds(sql_at) as sql_at,
            seconds(disqualified_at) as disqualified_at, channel, campaign_id,
        from source.company.lead
        semi join workspace using (entity_id)
    ),
    customer as (
        select person.person_id, any_value(customer.entity_id) as entity_id,
            seconds(max(greatest(person.created_at, customer.created_at))) as created_at,
        from source.company.person
        join source.company.customer using (organization_id)
        semi join workspace on workspace.entity_id = customer.entity_id
        where person_id not in (select person_id from lead)
        group by person.person_id
    ),
    known as (from lead union all by name from customer),
    tied as (
        select person_id, min(seconds(created_at)) as contact_at
        from source.company.opportunity
        join (
            select opportunity_id, person_id from source.company.opportunity_person
            union
            select opportunity_id, primary_person_id from source.company.opportunity
        ) using (opportunity_id)
        group by person_id
    )
    select 1_000_000 + 3 * row_number() over (order by known.created_at, person_id) as id, person_id, known.* exclude (person_id),
        case when lead_key is null then known.created_at when contact_at is not null then greatest(contact_at, known.created_at) end as contact_at,
        person.organization_id, person.first_name, person.last_name, person.email, person.phone, person.job_title,
        organization.name as company, organization.domain, organization.street, organization.city, organization.postal_code,
        organization.country, organization.industry, organization.employee_count, organization.phone as main_phone,
        lead_crm.id as sfdc_lead_id, contact_crm.id as sfdc_contact_id, account_crm.id as sfdc_account_id,
    from known
    join source.company.person using (person_id)
    left join source.company.organization using (organization_id)
    left join tied using (person_id)
    left join crm as lead_crm on lead_crm.prefix = '00Q' and lead_crm.key = lead_key
    left join crm as contact_crm on contact_crm.prefix = '003' and contact_crm.key = person_id
    left join crm as account_crm on account_crm.prefix = '001' and account_crm.key = person.organization_id;

-- Of two people of one firm with one name or one address, somebody merges one half into the elder weeks later; the other half he deletes.
create table ended as
    with twin as (
        select younger.id as loser_id, min(elder.id) as winner_id, any_value(younger.created_at) as created_at, any_value(elder.entity_id) as entity_id
        from person as younger
        join person as elder
            on elder.organization_id = younger.organization_id and elder.id < younger.id
            and (lower(elder.email) = lower(younger.email) or lower(elder.first_name || ' ' || elder.last_name) = lower(younger.first_name || ' ' || younger.last_name))
        group by younger.id
    )
    select loser_id, case when loser_id % 2 = 0 then winner_id end as winner_id, created_at + to_days((20 + loser_id % 40)::integer) as ended_at
    from twin
    where winner_id not in (select loser_id from twin);

create table program as
    select 1_000 + row_number() over (order by campaign.created_at, campaign_id) as id,
        2_000 + row_number() over (order by campaign.created_at, campaign_id) as smart_campaign_id,
        campaign_id, campaign.entity_id, workspace.name as workspace, workspace.id as workspace_id, campaign.name, renamed_to,
        seconds(renamed_at) as renamed_at, channel, channel.id as channel_id, channel.name as channel_name, channel.type, statuses, success_at,
        utm_source, utm_medium, utm_campaign, start_date, end_date, seconds(campaign.created_at) as created_at, crm.id as sfdc_id,
    from source.company.campaign
    join workspace using (entity_id)
    join channel using (channel)
    left join crm on crm.prefix = '701' and crm.key = campaign_id;
create macro name_at(program, moment) as case when program.renamed_at <= moment then program.renamed_to else program.name end;

create table spend as
    select program.id as program_id, date_trunc('month', spend_date)::date as month, amount, recorded_at
    from source.company.campaign_spend
    join program using (campaign_id);

create table email as
    select 5_000 + row_number() over (order by published_at, email_id) as id, email_id, mail.entity_id, mail.name, subject, seconds(published_at) as published_at,
        sent, delivered, opened, clicked, bounced, unsubscribed, campaign_id, program.id as program_id, smart_campaign_id,
    from source.company.marketing_email as mail
    join program using (campaign_id);

create table form as
    select 300 + row_number() over (order by form_id) as id, form_id, form.entity_id, form.name, page_url, seconds(created_at) as created_at
    from source.company.form
    semi join workspace using (entity_id);

create table touch as
    select touch_id, person.id as lead_id, touch.channel, touch_type, form_id, landing_page, touch.utm_source, touch.utm_medium, touch.utm_campaign,
        seconds(occurred_at) as occurred_at, touch.campaign_id,
        regexp_replace(landing_page, '^https?://[^/]*', '') as page,
        case when touch.utm_campaign is not null
            then concat_ws('&', 'utm_source=' || touch.utm_source, 'utm_medium=' || touch.utm_medium, 'utm_campaign=' || touch.utm_campaign) end as query,
        case touch.channel
            when 'organic_search' then 'https://www.google.com/' when 'paid_search' then 'https://www.google.com/'
            when 'organic_social' then 'https://www.linkedin.com/' when 'paid_social' then 'https://www.linkedin.com/'
            when 'referral' then 'https://reviews.example/' when 'partner' then 'https://partners.example/' when 'display' then 'https://news.example/'
        end as referrer,
        program.id as program_id, program.smart_campaign_id,
    from source.company.touch
    join person using (person_id)
    left join program on program.campaign_id = touch.campaign_id
    where touch_type not in ('meeting', 'call');  -- those are Salesforce's

-- A click on an e-mail is one on the latest that its program had sent, or on the first where none had been sent yet.
create table click as
    select touch.touch_id, touch.lead_id, touch.occurred_at, touch.page, touch.query,
        coalesce(arg_max(email.id, published_at) filter (published_at <= occurred_at), arg_min(email.id, published_at)) as email_id,
    from touch
    join email on email.program_id = touch.program_id
    where touch_type = 'email_click'
    group by all;

-- Who gets an e-mail: those who click in the simulation, then people of customers, then leads; each figure is carried by the first of them.
create table delivery as
    with reader as (
        select email.id as email_id, person.id as lead_id, published_at, exists(from click where click.email_id = email.id and click.lead_id = person.id) as clicks,
            person.lead_key is null as is_customer,
        from email
        join person using (entity_id)
        where person.created_at < published_at
        union
        select email.id, click.lead_id, published_at, true, false
        from click
        join email on email.id = click.email_id
    ),
    ranked as (
        select email_id, lead_id, bool_or(clicks) as clicks, any_value(published_at) as published_at,
            row_number() over (partition by email_id order by bool_or(clicks) desc, bool_or(is_customer) desc, hash(email_id, lead_id)) as place,
        from reader
        group by email_id, lead_id
    )
    select ranked.*, ranked.email_id || '/' || lead_id as key, place <= delivered as is_delivered, place <= opened or clicks as is_opened,
        place <= clicked and not clicks as is_clicked, place <= unsubscribed as is_unsubscribed,
        ranked.published_at + later(key, 'sent', 600) as sent_at,
    from ranked
    join email on email.id = ranked.email_id
    where place <= sent;

-- Nobody is a member before the name is known: what was done until then counts from that moment.
create table membership as
    with status as (
        select touch.* replace (greatest(occurred_at, person.created_at) as occurred_at), case
                when touch_type in ('webinar_attended', 'event_attended') then list_position(statuses, 'Attended')
                when touch_type = 'form_submission' and channel_id in (5, 6) then list_position(statuses, 'Registered')
                when touch_type = 'form_submission' then list_position(statuses, 'Filled-out Form')
                when touch_type = 'email_click' then list_position(statuses, 'Clicked')
                else list_position(statuses, case when channel_id = 4 then 'Clicked' when channel_id in (5, 6) then 'Invited' else 'Visited' end)
            end as step,
            statuses, success_at, program.entity_id, touch.occurred_at = person.created_at as acquires,
        from touch
        join program on program.id = program_id
        join person on person.id = touch.lead_id
        where touch.utm_campaign is not null or touch_type in ('webinar_attended', 'event_attended', 'email_click')
    ),
    climbed as (
        select *, coalesce(max(step) over (partition by lead_id, program_id order by occurred_at, touch_id rows between unbounded preceding and 1 preceding), 1) as before
        from status
    )
    select *, 4_000_000 + dense_rank() over (order by program_id, lead_id) as member_id,
        min(occurred_at) over (partition by lead_id, program_id) as member_since, step >= success_at as success, channel_id * 100 + step as status_id,
        channel_id * 100 + before as former_id,
    from (select climbed.*, program.channel_id from climbed join program on program.id = program_id)
    -- Who attends again is told again, without a new success.
    where step > before or step = before and touch_type in ('webinar_attended', 'event_attended');

create table field (id integer, name varchar, label varchar);
insert into field values
    (101, 'mQLDate', 'MQL Date'), (102, 'sQLDate', 'SQL Date'), (103, 'leadStatus', 'Lead Status'), (104, 'sfdcContactId', 'SFDC Contact Id'),
    (105, 'sfdcAccountId', 'SFDC Account Id'), (106, 'unsubscribed', 'Unsubscribed');
create macro told(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%SZ');

-- Values of leads that change, and when.
create table change as
    with moment as (
        select id as lead_id, unnest([
            {'field': 'mQLDate', 'happened_at': mql_at, 'old': null, 'new': told(mql_at)},
            {'field': 'leadStatus', 'happened_at': mql_at, 'old': 'New', 'new': 'MQL'},
            {'field': 'sQLDate', 'happened_at': sql_at, 'old': null, 'new': told(sql_at)},
            {'field': 'leadStatus', 'happened_at': sql_at, 'old': 'MQL', 'new': 'SQL'},
            {'field': 'leadStatus', 'happened_at': disqualified_at, 'old': 'MQL', 'new': 'Disqualified'},
            {'field': 'sfdcContactId', 'happened_at': contact_at, 'old': null, 'new': sfdc_contact_id},
            {'field': 'sfdcAccountId', 'happened_at': contact_at, 'old': null, 'new': sfdc_account_id}
        ], recursive := true)
        from person
        where lead_key is not null
        union all
        select lead_id, 'unsubscribed', min(sent_at + interval 2 day), 'false', 'true' from delivery where is_unsubscribed and is_delivered group by lead_id
    )
    select lead_id, moment.field, moment.happened_at, moment.old, moment.new, field.id as field_id, field.label
    from moment
    join field on field.name = moment.field
    where moment.happened_at is not null and moment.new is not null;

-- Everything that happened, in order of time; what a person did before anybody knew the name is kept under the same id.
create table activity as
    with happened as (
        select 1 as type_id, lead_id, occurred_at as happened_at, touch_id as key, null::bigint as campaign_id, 100 + (hash(page) % 900)::bigint as primary_id,
            'www.meridian.example' || page as primary_value,
            {'Query Parameters': query, 'Referrer URL': referrer, 'User Agent': 'Mozilla/5.0', 'Webpage URL': page}::json as attributes,
        from (select * replace (coalesce(nullif(page, ''), '/') as page) from touch)
        where touch_type in ('visit', 'ad_click')
        union all
        select 2, lead_id, occurred_at, touch_id, case when query is not null then smart_campaign_id end, form.id, form.name,
            {'Form Fields': '{"Email":"yes"}', 'Query Parameters': query, 'Referrer URL': coalesce(referrer, landing_page), 'Webpage ID': 100 + form.id, 'Webpage URL': page}::json,
        from touch join form using (form_id)
        where touch_type = 'form_submission'
        union all
        select 6, lead_id, sent_at, key, smart_campaign_id, email.id, email.name, {'Campaign Run ID': email.id, 'Choice Number': 0}::json
        from delivery join email on email.id = delivery.email_id
        union all
        select 7, lead_id, sent_at + interval 1 minute, key, smart_campaign_id, email.id, email.name, {'Campaign Run ID': email.id, 'Choice Number': 0}::json
        from delivery join email on email.id = delivery.email_id
        where is_delivered
        union all
        select 8, lead_id, sent_at + interval 1 minute, key, smart_campaign_id, email.id, email.name,
            {'Campaign Run ID': email.id, 'Category': 2, 'Details': '550 5.1.1 mailbox not found'}::json
        from delivery join email on email.id = delivery.email_id
        where not is_delivered
        union all
        select 10, lead_id, sent_at + interval 30 minute + later(key, 'opened', 80000), key, smart_campaign_id, email.id, email.name,
            {'Campaign Run ID': email.id, 'Device': 'Other', 'Is Mobile Device': false, 'Platform': 'Windows', 'User Agent': 'Mozilla/5.0'}::json
        from delivery join email on email.id = delivery.email_id
        where is_opened and is_delivered
        union all
        select 11, lead_id, sent_at + interval 1 day + later(key, 'clicked', 80000), key, smart_campaign_id, email.id, email.name,
            {'Campaign Run ID': email.id, 'Device': 'Other', 'Is Mobile Device': false, 'Link': 'https://www.meridian.example/'}::json
        from delivery join email on email.id = delivery.email_id
        where is_clicked and is_delivered
        union all
        select 11, lead_id, occurred_at, touch_id, smart_campaign_id, email.id, email.name,
            {'Campaign Run ID': email.id, 'Device': 'Other', 'Is Mobile Device': false, 'Link': 'https://www.meridian.example' || page || coalesce('?' || query, '')}::json
        from click join email on email.id = click.email_id
        union all
        select 9, lead_id, sent_at + interval 2 day, key, smart_campaign_id, email.id, email.name, {'Campaign Run ID': email.id, 'Client IP Address': '192.0.2.7'}::json
        from delivery join email on email.id = delivery.email_id
        where is_unsubscribed and is_delivered
        union all
        select 12, id, created_at, person_id, null, id, first_name || ' ' || last_name,
            {'Created Date': strftime(created_at, '%Y-%m-%d'), 'Lead Source': channel, 'Source Type': case when lead_key is null then 'Salesforce.com' else 'Web form fillout' end}::json
        from person
        union all
        select 13, lead_id, happened_at, field, null, field_id, label,
            {'New Value': new, 'Old Value': old, 'Reason': case when field like 'sfdc%' then 'Salesforce sync' else 'Changed by Smart Campaign Lifecycle' end,
                'Source': case when field like 'sfdc%' then 'Salesforce.com' else 'Marketo Flow Action' end}::json
        from change
        union all
        select 32, winner_id, ended_at, loser_id::varchar, null, winner_id, (select first_name || ' ' || last_name from person where id = winner_id),
            {'Master Updated': true, 'Merge IDs': '[' || loser_id || ']', 'Merge Source': 'Lead Database'}::json
        from ended
        where winner_id is not null
        union all
        select 37, loser_id, ended_at, loser_id::varchar, null, loser_id, first_name || ' ' || last_name, '{}'::json
        from ended join person on person.id = loser_id
        where winner_id is null
        union all
        select 104, membership.lead_id, occurred_at, touch_id, membership.smart_campaign_id, program_id, name_at(program, occurred_at),
            {'Acquired By': acquires, 'New Status': membership.statuses[step], 'New Status ID': status_id, 'Old Status': membership.statuses[before],
                'Old Status ID': former_id, 'Program Member ID': member_id, 'Success': success and step > before}::json
        from membership
        join program on program.id = program_id
    )
    select row_number() over (order by happened_at, type_id, lead_id, key) as seq, 700_000_000 + seq as id, type_id, lead_id, happened_at, key, campaign_id, primary_id, primary_value,
        -- An attribute without a value is left out.
        json_merge_patch('{}', attributes)::varchar as attributes,
    from happened
    order by seq;
create index activity_seq on activity (seq);
