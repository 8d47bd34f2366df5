with

listed as (

    select * from {{ ref('stg_oracle_fusion__suppliers') }}

),

-- A supplier that only invoices know is one too.
only_in_invoices as (

    select
        invoices.connection_id,
        invoices.supplier_id,
        invoices.supplier_number,
        arg_max(invoices.supplier_name, invoices.updated_at) as supplier_name
    from {{ ref('stg_oracle_fusion__invoices') }} as invoices
    left join listed as by_number
        on invoices.connection_id = by_number.connection_id and invoices.supplier_number = by_number.supplier_number
    left join listed as by_id on invoices.connection_id = by_id.connection_id and invoices.supplier_id = by_id.supplier_id
    where
        by_number.supplier_id is null
        and by_id.supplier_id is null
        and coalesce(invoices.supplier_number, invoices.supplier_id) is not null
    group by invoices.connection_id, invoices.supplier_id, invoices.supplier_number

),

addresses as (

    select
        connection_id,
        supplier_id,
        arg_min(country_code, supplier_address_id) as country_code,
        arg_min(email, supplier_address_id) as email
    from {{ ref('stg_oracle_fusion__supplier_addresses') }}
    group by connection_id, supplier_id

),

final as (

    select
        listed.connection_id,
        'supplier|' || coalesce(listed.supplier_number, listed.supplier_id) as party_id,
        listed.supplier_id,
        listed.supplier_number,
        listed.supplier_name,
        addresses.email,
        listed.tax_id,
        addresses.country_code
    from listed
    left join addresses on listed.connection_id = addresses.connection_id and listed.supplier_id = addresses.supplier_id
    union all
    select
        connection_id,
        'supplier|' || coalesce(supplier_number, supplier_id) as party_id,
        supplier_id,
        supplier_number,
        supplier_name,
        cast(null as varchar) as email,
        cast(null as varchar) as tax_id,
        cast(null as varchar) as country_code
    from only_in_invoices

)

select * from final
