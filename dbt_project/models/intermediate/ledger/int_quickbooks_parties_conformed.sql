with

customers as (

    select * from {{ ref('stg_quickbooks__customers') }}

),

vendors as (

    select * from {{ ref('stg_quickbooks__vendors') }}

),

employees as (

    select * from {{ ref('stg_quickbooks__employees') }}

),

-- Customers, vendors and employees share one sequence of numbers.
final as (

    select
        connection_id,
        customer_id as party_id,
        customer_name as party_name,
        true as is_customer,
        false as is_supplier,
        email,
        tax_id,
        country_code,
        cast(null as varchar) as partner_ref,
        phone,
        cast(null as varchar) as street,
        city,
        postal_code,
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
        country_code,
        cast(null as varchar) as partner_ref,
        cast(null as varchar) as phone,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as postal_code,
        cast(null as timestamp) as created_at
    from vendors
    union all
    select
        connection_id,
        employee_id as party_id,
        employee_name as party_name,
        false as is_customer,
        false as is_supplier,
        email,
        cast(null as varchar) as tax_id,
        cast(null as varchar) as country_code,
        cast(null as varchar) as partner_ref,
        cast(null as varchar) as phone,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as postal_code,
        cast(null as timestamp) as created_at
    from employees

)

select * from final
