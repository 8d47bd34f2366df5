with

customers as (

    select
        connection_id,
        party_id,
        arg_max(customer_name, updated_at) as customer_name
    from {{ ref('int_oracle_fusion_customers_named') }}
    group by connection_id, party_id

),

suppliers as (

    select * from {{ ref('int_oracle_fusion_suppliers_named') }}

),

-- The pod serves no list of customers: they are who is billed or pays.
final as (

    select
        connection_id,
        party_id,
        customer_name as party_name,
        true as is_customer,
        false as is_supplier,
        cast(null as varchar) as email,
        cast(null as varchar) as tax_id,
        cast(null as varchar) as country_code,
        cast(null as varchar) as partner_ref,
        cast(null as varchar) as phone,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as postal_code,
        cast(null as timestamp) as created_at
    from customers
    union all
    select
        connection_id,
        party_id,
        supplier_name as party_name,
        false as is_customer,
        true as is_supplier,
        email,
        tax_id,
        country_code,
        cast(null as varchar) as partner_ref,
        cast(null as varchar) as phone,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as postal_code,
        cast(null as timestamp) as created_at
    from suppliers

)

select * from final
