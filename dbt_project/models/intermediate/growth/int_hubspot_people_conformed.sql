with

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}
    where not is_archived

),

merged as (

    select * from {{ ref('stg_hubspot__merges') }}
    where object_type = 'contacts'

),

employers as (

    select
        connection_id,
        from_id as contact_id,
        min(to_id) as company_id
    from {{ ref('int_hubspot_ties_settled') }}
    where from_type = 'contacts' and to_type = 'companies'
    group by connection_id, from_id

),

final as (

    select
        contacts.connection_id,
        contacts.contact_id as person_id,
        cast(null as varchar) as org_unit_ref,
        employers.company_id,
        contacts.first_name,
        contacts.last_name,
        contacts.email,
        contacts.phone,
        contacts.job_title,
        contacts.created_at,
        contacts.lead_at,
        contacts.mql_at,
        contacts.sql_at,
        cast(null as timestamp) as disqualified_at
    from contacts
    left join merged on contacts.connection_id = merged.connection_id and contacts.contact_id = merged.loser_id
    left join employers on contacts.connection_id = employers.connection_id and contacts.contact_id = employers.contact_id
    where merged.loser_id is null

)

select * from final
