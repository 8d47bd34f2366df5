with

owners as (

    select * from {{ ref('stg_hubspot__owners') }}

),

final as (

    select
        connection_id,
        owner_id,
        cast(null as varchar) as org_unit_ref,
        owner_name as seller_name,
        email,
        cast(null as varchar) as team_name,
        not is_archived as is_active
    from owners

)

select * from final
