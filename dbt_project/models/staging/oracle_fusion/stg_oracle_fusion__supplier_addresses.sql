with

source as (

    {{ completed_loads('oracle_fusion', 'supplier_addresses') }}

),

renamed as (

    select
        connection_id,
        cast(supplier_id as varchar) as supplier_id,
        supplier_address_id,
        country_code,
        lower(trim(email)) as email
    from source

)

select * from renamed
