with

persons as (

    select * from {{ ref('int_salesforce_persons_resolved') }}

),

companies as (

    select * from {{ ref('int_salesforce_accounts_resolved') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

lead_history as (

    select * from {{ ref('stg_salesforce__lead_history') }}

),

-- A lead that sales has given up stands in the status that it was given then.
given_up as (

    select
        leads.connection_id,
        leads.lead_id,
        max(lead_history.changed_at) as disqualified_at
    from leads
    inner join lead_history
        on
            leads.connection_id = lead_history.connection_id
            and leads.lead_id = lead_history.lead_id
            and leads.status = lead_history.new_value
    where
        lead_history.field_name = 'Status'
        and not leads.is_converted
        and regexp_matches(lower(leads.status), 'not converted|unqualified|disqualified|rejected')
    group by leads.connection_id, leads.lead_id

),

-- A person may have left an address more than once: the first of each moment counts.
of_leads as (

    select
        leads.connection_id,
        persons.person_id,
        min(leads.created_at) as lead_at,
        min(leads.mql_at) as mql_at,
        min(leads.sql_at) as sql_at,
        min(given_up.disqualified_at) as disqualified_at
    from leads
    inner join persons on leads.connection_id = persons.connection_id and leads.lead_id = persons.record_id
    left join given_up on leads.connection_id = given_up.connection_id and leads.lead_id = given_up.lead_id
    group by leads.connection_id, persons.person_id

),

records as (

    select
        connection_id,
        contact_id as person_id,
        org_unit_ref,
        account_id,
        first_name,
        last_name,
        email,
        phone,
        job_title,
        created_at
    from contacts
    union all
    select
        leads.connection_id,
        leads.lead_id as person_id,
        leads.org_unit_ref,
        leads.converted_account_id as account_id,
        leads.first_name,
        leads.last_name,
        leads.email,
        leads.phone,
        leads.job_title,
        leads.created_at
    from leads
    inner join persons on leads.connection_id = persons.connection_id and leads.lead_id = persons.record_id
    where persons.person_id = leads.lead_id

),

final as (

    select
        records.connection_id,
        records.person_id,
        records.org_unit_ref,
        companies.company_id,
        records.first_name,
        records.last_name,
        records.email,
        records.phone,
        records.job_title,
        least(records.created_at, coalesce(of_leads.lead_at, records.created_at)) as created_at,
        of_leads.lead_at,
        of_leads.mql_at,
        of_leads.sql_at,
        of_leads.disqualified_at
    from records
    left join of_leads on records.connection_id = of_leads.connection_id and records.person_id = of_leads.person_id
    left join companies on records.connection_id = companies.connection_id and records.account_id = companies.record_id

)

select * from final
