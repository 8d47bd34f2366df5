with

members as (

    select * from {{ ref('stg_mailchimp__members') }}

),

-- Who is on several lists has the same id on each, being the fingerprint of the address: the latest word on a person counts.
final as (

    select
        connection_id,
        member_id as person_id,
        cast(null as varchar) as org_unit_ref,
        cast(null as varchar) as company_id,
        arg_max(first_name, changed_at) as first_name,
        arg_max(last_name, changed_at) as last_name,
        max(email) as email,
        cast(null as varchar) as phone,
        cast(null as varchar) as job_title,
        min(least(signed_up_at, opted_in_at)) as created_at,
        cast(null as timestamp) as lead_at,
        cast(null as timestamp) as mql_at,
        cast(null as timestamp) as sql_at,
        cast(null as timestamp) as disqualified_at
    from members
    group by connection_id, member_id

)

select * from final
