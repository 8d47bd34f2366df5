with

source as (

    {{ completed_loads('hubspot', 'companies') }}

),

renamed as (

    select
        connection_id,
        id as company_id,
        name as company_name,
        lower(domain) as domain,
        phone,
        address as street,
        city,
        zip as postal_code,
        country,
        industry,
        numberofemployees as employee_count,
        createdate as created_at,
        archived as is_archived
    from source

)

select * from renamed
