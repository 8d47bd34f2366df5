with

source as (

    {{ completed_loads('quickbooks', 'tax_agencies') }}

),

renamed as (

    select
        connection_id,
        id as tax_agency_id,
        display_name as tax_agency_name
    from source

)

select * from renamed
