with

parties as (

    select * from {{ ref('stg_database__parties') }}

),

final as (

    select
        connection_id,
        party_id,
        party_name,
        coalesce(party_type = 'customer', false) as is_customer,
        coalesce(party_type in ('vendor', 'supplier'), false) as is_supplier,
        email,
        tax_id,
        country_code,
        partner_ledger_id as partner_ref,
        cast(null as varchar) as phone,
        cast(null as varchar) as street,
        cast(null as varchar) as city,
        cast(null as varchar) as postal_code,
        cast(null as timestamp) as created_at
    from parties

)

select * from final
