with

source as (

    {{ completed_loads('sap', 'business_partner_tax_numbers') }}

),

renamed as (

    select
        connection_id,
        business_partner as party_id,
        bp_tax_type as tax_type,
        coalesce(bp_tax_long_number, bp_tax_number) as tax_id
    from source

)

select * from renamed
