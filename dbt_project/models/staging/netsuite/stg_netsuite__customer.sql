with

source as (

    {{ completed_loads('netsuite', 'customer') }}

),

renamed as (

    select
        connection_id,
        id as customer_id,
        coalesce(companyname, altname, nullif(concat_ws(' ', firstname, lastname), ''), entityid) as customer_name,
        lower(email) as email,
        vatregnumber as tax_id,
        phone,
        defaultbillingaddress as address_text,
        datecreated as created_at
    from source

)

select * from renamed
