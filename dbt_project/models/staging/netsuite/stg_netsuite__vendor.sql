with

source as (

    {{ completed_loads('netsuite', 'vendor') }}

),

renamed as (

    select
        connection_id,
        id as vendor_id,
        coalesce(companyname, altname, entityid) as vendor_name,
        lower(email) as email,
        vatregnumber as tax_id
    from source

)

select * from renamed
