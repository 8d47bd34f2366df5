with

partners as (

    select * from {{ ref('stg_sap__business_partners') }}

),

addresses as (

    select
        connection_id,
        party_id,
        arg_max(country_code, (valid_from, address_id)) as country_code,
        arg_max(street, (valid_from, address_id)) as street,
        arg_max(city, (valid_from, address_id)) as city,
        arg_max(postal_code, (valid_from, address_id)) as postal_code
    from {{ ref('stg_sap__business_partner_addresses') }}
    where country_code is not null
    group by connection_id, party_id

),

emails as (

    select
        connection_id,
        party_id,
        arg_min(email, (not is_default, address_id, ordinal_number)) as email
    from {{ ref('stg_sap__business_partner_emails') }}
    where email is not null
    group by connection_id, party_id

),

tax_numbers as (

    select
        connection_id,
        party_id,
        arg_min(tax_id, tax_type) as tax_id
    from {{ ref('stg_sap__business_partner_tax_numbers') }}
    where tax_id is not null
    group by connection_id, party_id

),

final as (

    select
        partners.connection_id,
        partners.party_id,
        partners.party_name,
        partners.customer is not null as is_customer,
        partners.supplier is not null as is_supplier,
        emails.email,
        tax_numbers.tax_id,
        addresses.country_code,
        partners.trading_partner as partner_ref,
        cast(null as varchar) as phone,
        addresses.street,
        addresses.city,
        addresses.postal_code,
        cast(null as timestamp) as created_at
    from partners
    left join addresses on partners.connection_id = addresses.connection_id and partners.party_id = addresses.party_id
    left join emails on partners.connection_id = emails.connection_id and partners.party_id = emails.party_id
    left join tax_numbers on partners.connection_id = tax_numbers.connection_id and partners.party_id = tax_numbers.party_id

)

select * from final
