with

source as (

    {{ completed_loads('salesforce', 'opportunity_contact_roles') }}

),

renamed as (

    select
        connection_id,
        id as contact_role_id,
        opportunity_id,
        contact_id,
        role,
        coalesce(is_primary, false) as is_primary,
        created_date as created_at
    from source

)

select * from renamed
