with

users as (

    select * from {{ ref('stg_pipedrive__users') }}

),

final as (

    select
        connection_id,
        user_id as owner_id,
        cast(null as varchar) as org_unit_ref,
        user_name as seller_name,
        email,
        cast(null as varchar) as team_name,
        is_active
    from users

)

select * from final
