with

source as (

    {{ completed_loads('quickbooks', 'tax_rates') }}

),

renamed as (

    select
        connection_id,
        id as tax_rate_id,
        name as tax_rate_name,
        agency_id as tax_agency_id
    from source

)

select * from renamed
