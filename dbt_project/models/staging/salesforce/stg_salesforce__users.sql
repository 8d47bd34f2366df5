with

source as (

    {{ completed_loads('salesforce', 'users') }}

),

renamed as (

    select
        connection_id,
        id as user_id,
        selling_entity as org_unit_ref,
        username,
        name as user_name,
        lower(email) as email,
        title as job_title,
        department as department_name,
        coalesce(is_active, false) as is_active,
        user_role_id,
        manager_id,
        created_date as created_at
    from source

)

select * from renamed
