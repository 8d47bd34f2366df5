with

contacts as (

    select * from {{ ref('stg_xero__contacts') }}

),

-- Where the firm is, before where its post goes.
addresses as (

    select
        connection_id,
        contact_id,
        street,
        city,
        postal_code
    from {{ ref('stg_xero__contact_addresses') }}
    where street is not null or postal_code is not null
    qualify row_number() over (
        partition by connection_id, contact_id order by case address_type when 'STREET' then 0 else 1 end, position
    ) = 1

),

final as (

    select
        contacts.connection_id,
        contacts.contact_id as party_id,
        contacts.contact_name as party_name,
        coalesce(contacts.is_customer, false) as is_customer,
        coalesce(contacts.is_supplier, false) as is_supplier,
        contacts.email,
        contacts.tax_id,
        cast(null as varchar) as country_code,
        cast(null as varchar) as partner_ref,
        cast(null as varchar) as phone,
        addresses.street,
        addresses.city,
        addresses.postal_code,
        cast(null as timestamp) as created_at
    from contacts
    left join addresses on contacts.connection_id = addresses.connection_id and contacts.contact_id = addresses.contact_id

)

select * from final
