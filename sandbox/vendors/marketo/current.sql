-- The instance as it stands at the session variable `horizon`. A fact of a row shows only once its own moment has passed.

create or replace temp macro seen(moment) as case when moment <= getvariable('horizon') then moment end;

create or replace table leads as
    with gone as (from ended where ended_at <= getvariable('horizon')),
    merged as (select winner_id, max(ended_at) as merged_at from gone group by winner_id),
    left_list as (select lead_id, min(happened_at) as unsubscribed_at from change where field = 'unsubscribed' and happened_at <= getvariable('horizon') group by lead_id)
    select person.id, told(person.created_at) as "createdAt",
        told(greatest(person.created_at, seen(mql_at), seen(sql_at), seen(disqualified_at), seen(contact_at), merged_at, unsubscribed_at)) as "updatedAt",
        person.created_at, first_name as "firstName", last_name as "lastName", email, phone, job_title as title, company, industry,
        'https://www.' || domain as website, street as "billingStreet", city as "billingCity", postal_code as "billingPostalCode", country as "billingCountry",
        main_phone as "mainPhone", employee_count as "numberOfEmployees", workspace.id as "leadPartitionId", 'New' as "leadRole",
        case
            when person.lead_key is null then 'Customer' when seen(disqualified_at) is not null then 'Disqualified' when seen(sql_at) is not null then 'SQL'
            when seen(mql_at) is not null then 'MQL' else 'New'
        end as "leadStatus",
        coalesce(person.channel, 'customer') as "leadSource",
        case when person.lead_key is null then 'salesforce.com' else 'Web form fillout' end as "originalSourceType",
        program.id as "acquisitionProgramId", unsubscribed_at is not null as unsubscribed, told(seen(mql_at)) as "mQLDate", told(seen(sql_at)) as "sQLDate",
        case when seen(contact_at) is null then 'Lead' else 'Contact' end as "sfdcType", sfdc_lead_id as "sfdcLeadId",
        case when seen(contact_at) is not null then sfdc_contact_id end as "sfdcContactId",
        case when seen(contact_at) is not null then sfdc_account_id end as "sfdcAccountId",
    from person
    join workspace on workspace.entity_id = person.entity_id
    left join merged on winner_id = person.id
    left join left_list on left_list.lead_id = person.id
    left join program on program.campaign_id = person.campaign_id
    where person.created_at <= getvariable('horizon') and person.id not in (select loser_id from gone)
    order by person.id;

create or replace table programs as
    select id, smart_campaign_id, name_at(program, getvariable('horizon')) as name, workspace, workspace_id, type, channel_name, utm_campaign, created_at,
        greatest(created_at, seen(renamed_at)) as updated_at, sfdc_id, type <> 'Default' as is_dated, start_date, end_date,
    from program
    where created_at <= getvariable('horizon')
    order by id;

-- What a program has cost so far in each month, in whole units, as people enter it.
create or replace table costs as
    select program_id, month, round(sum(amount))::integer as cost
    from spend
    where recorded_at <= getvariable('horizon')
    group by all
    having cost > 0
    order by all;

create or replace table members as
    select program_id as "programId", lead_id as "leadId", arg_max(statuses[step], step) as "statusName", bool_or(success) as "reachedSuccess",
        bool_or(acquires) as "acquiredBy", told(min(member_since)) as "membershipDate", told(min(member_since)) as "createdAt",
        told(max(occurred_at)) as "updatedAt", max(occurred_at) as updated_at, any_value(member_id) as member_id,
        told(min(occurred_at) filter (membership.success)) as "reachedSuccessDate", any_value(programs.name) as program,
    from membership
    join leads on leads.id = lead_id
    join programs on programs.id = program_id
    where occurred_at <= getvariable('horizon')
    group by program_id, lead_id
    order by program_id, lead_id;

-- How much of the log there is: its entries are in order of time.
create or replace table log_end as
    select count(*) as whole from activity where happened_at <= getvariable('horizon');

create or replace table emails as
    select email.*, workspace.name as workspace, name_at(program, getvariable('horizon')) as program
    from email
    join program on program.id = program_id
    join workspace on workspace.id = workspace_id
    where published_at - interval 3 day <= getvariable('horizon')
    order by id;
