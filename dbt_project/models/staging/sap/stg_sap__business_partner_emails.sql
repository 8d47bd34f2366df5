with

source as (

    {{ completed_loads('sap', 'business_partner_emails') }}

),

renamed as (

    select
        connection_id,
        business_partner as party_id,
        address_id,
        ordinal_number,
        coalesce(is_default_email_address, false) as is_default,
        email_address as email
    from source

)

select * from renamed
