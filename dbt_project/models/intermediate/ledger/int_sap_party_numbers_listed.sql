with

partners as (

    select * from {{ ref('stg_sap__business_partners') }}

),

-- Items and lines name a customer (D) or a supplier (K) by a number of its own; the business partner is the party.
numbered as (

    select
        connection_id,
        'D' as account_type,
        customer as party_number,
        party_id
    from partners
    union all
    select
        connection_id,
        'K' as account_type,
        supplier as party_number,
        party_id
    from partners

),

final as (

    select
        connection_id,
        account_type,
        party_number,
        min(party_id) as party_id
    from numbered
    where party_number is not null
    group by connection_id, account_type, party_number

)

select * from final
