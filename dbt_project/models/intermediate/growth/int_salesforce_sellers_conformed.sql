with

users as (

    select * from {{ ref('stg_salesforce__users') }}

),

roles as (

    select * from {{ ref('stg_salesforce__user_roles') }}

),

final as (

    select
        users.connection_id,
        users.user_id as owner_id,
        users.org_unit_ref,
        users.user_name as seller_name,
        users.email,
        roles.role_name as team_name,
        users.is_active
    from users
    left join roles on users.connection_id = roles.connection_id and users.user_role_id = roles.user_role_id

)

select * from final
