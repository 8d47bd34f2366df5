with

source as (

    {{ completed_loads('pipedrive', 'organizations') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as organization_id,
        name as organization_name,
        cast(owner_id as varchar) as owner_id,
        nullif(regexp_replace(lower(trim(website)), '^(https?://)?(www\.)?([^/?#:]*).*$', '\3'), '') as domain,
        employee_count,
        country,
        city,
        coalesce(street, address) as street,
        postal_code,
        add_time as created_at,
        update_time as updated_at
    from source

)

select * from renamed
