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
        partner_ledger_id as partner_ref
    from parties

)

select * from final
