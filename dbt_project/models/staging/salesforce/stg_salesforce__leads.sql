with

source as (

    {{ completed_loads('salesforce', 'leads') }}

),

renamed as (

    select
        connection_id,
        id as lead_id,
        selling_entity as org_unit_ref,
        owner_id,
        first_name,
        last_name,
        lower(email) as email,
        phone,
        title as job_title,
        company as company_name,
        country,
        status,
        lead_source,
        coalesce(is_converted, false) as is_converted,
        converted_date,
        converted_account_id,
        converted_contact_id,
        converted_opportunity_id,
        mql_date as mql_at,
        sql_date as sql_at,
        created_date as created_at,
        system_modstamp as updated_at
    from source

)

select * from renamed
