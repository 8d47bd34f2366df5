with

source as (

    {{ completed_loads('salesforce', 'user_roles') }}

),

renamed as (

    select
        connection_id,
        id as user_role_id,
        name as role_name,
        parent_role_id as parent_user_role_id
    from source

)

select * from renamed
