with

contacts as (

    select * from {{ ref('stg_xero__contacts') }}

),

final as (

    select
        connection_id,
        contact_id as party_id,
        contact_name as party_name,
        coalesce(is_customer, false) as is_customer,
        coalesce(is_supplier, false) as is_supplier,
        email,
        tax_id,
        cast(null as varchar) as country_code,
        cast(null as varchar) as partner_ref
    from contacts

)

select * from final
