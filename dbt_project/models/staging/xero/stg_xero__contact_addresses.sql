with

source as (

    {{ completed_loads('xero', 'contact_addresses') }}

),

renamed as (

    select
        connection_id,
        contact_id,
        position,
        address_type,
        address_line1 as street,
        city,
        postal_code,
        country
    from source

)

select * from renamed
