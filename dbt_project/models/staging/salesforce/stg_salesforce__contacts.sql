with

source as (

    {{ completed_loads('salesforce', 'contacts') }}

),

renamed as (

    select
        connection_id,
        id as contact_id,
        account_id,
        selling_entity as org_unit_ref,
        owner_id,
        first_name,
        last_name,
        lower(email) as email,
        phone,
        title as job_title,
        lead_source,
        created_date as created_at,
        system_modstamp as updated_at
    from source

)

select * from renamed
