with

source as (

    {{ completed_loads('oracle_fusion', 'suppliers') }}

),

renamed as (

    select
        connection_id,
        cast(supplier_id as varchar) as supplier_id,
        supplier_number,
        supplier as supplier_name,
        coalesce(tax_registration_number, taxpayer_id) as tax_id
    from source

)

select * from renamed
