-- Pipedrive does not tell leads from other people: whoever was added without a deal counts as one, from then on.
with

persons as (

    select * from {{ ref('stg_pipedrive__persons') }}

),

first_deals as (

    select
        connection_id,
        person_id,
        min(created_at) as first_deal_at
    from {{ ref('stg_pipedrive__deals') }}
    where person_id is not null
    group by connection_id, person_id

),

final as (

    select
        persons.connection_id,
        persons.person_id,
        cast(null as varchar) as org_unit_ref,
        persons.organization_id as company_id,
        persons.first_name,
        persons.last_name,
        persons.email,
        persons.phone,
        persons.job_title,
        persons.created_at,
        case when coalesce(first_deals.first_deal_at > persons.created_at, true) then persons.created_at end as lead_at,
        persons.mql_at,
        persons.sql_at,
        cast(null as timestamp) as disqualified_at
    from persons
    left join first_deals on persons.connection_id = first_deals.connection_id and persons.person_id = first_deals.person_id

)

select * from final
