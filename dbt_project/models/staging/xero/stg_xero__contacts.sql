with

source as (

    {{ completed_loads('xero', 'contacts') }}

),

renamed as (

    select
        connection_id,
        contact_id,
        name as contact_name,
        lower(email_address) as email,
        lower(nullif(split_part(email_address, '@', 2), '')) as email_domain,
        is_customer,
        is_supplier,
        tax_number as tax_id,
        default_currency
    from source

)

select * from renamed
