with

customers as (

    select * from {{ ref('stg_netsuite__customer') }}

),

vendors as (

    select * from {{ ref('stg_netsuite__vendor') }}

),

-- Customers and suppliers share one sequence of numbers.
final as (

    select
        connection_id,
        customer_id as party_id,
        customer_name as party_name,
        true as is_customer,
        false as is_supplier,
        email,
        tax_id,
        cast(null as varchar) as country_code,
        cast(null as varchar) as partner_ref,
        phone,
        -- An address is a text: its first line, and what has the shape of a postal code behind it.
        nullif(trim(regexp_extract(address_text, '^[^,\n]+')), '') as street,
        cast(null as varchar) as city,
        nullif(regexp_extract(address_text, '[,\n]\s*(?:[^,\n]*\s)?([0-9A-Z-]*\d{4,}[0-9A-Z-]*)(?:[\s,]|$)', 1), '') as postal_code,
        created_at
    from customers
    union all
    select
        connection_id,
        vendor_id as party_id,
        vendor_name as party_name,
        false as is_customer,
        true as is_supplier,
        email,
        tax_id,
        cast(null as varchar) as country_code,
        cast(null as varchar) as partner_ref,
        cast(null as varchar) as phone,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as postal_code,
        cast(null as timestamp) as created_at
    from vendors

)

select * from final
