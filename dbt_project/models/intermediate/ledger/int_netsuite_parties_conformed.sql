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
        cast(null as varchar) as partner_ref
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
        cast(null as varchar) as partner_ref
    from vendors

)

select * from final
