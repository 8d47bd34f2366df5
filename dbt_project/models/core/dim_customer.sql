with

parties as (

    select * from {{ ref('bridge_customer_party') }}

),

firms as (

    select * from {{ ref('bridge_customer_company') }}
    where is_primary

),

-- A customer that the books have more than once is told by the party that they had first.
customers as (

    select
        *,
        count(*) over (partition by customer_id) as erp_party_count
    from parties
    qualify is_primary

),

final as (

    select
        customers.customer_id,
        customers.entity_id,
        customers.customer_name,
        customers.erp_connection_id,
        customers.erp_party_id,
        customers.erp_party_count,
        firms.crm_connection_id,
        firms.crm_company_id,
        firms.industry,
        firms.country,
        coalesce(firms.match_method, 'unmatched') as match_method,
        cast(coalesce(firms.match_confidence, 0) as decimal(9, 6)) as match_confidence
    from customers
    left join firms on customers.customer_id = firms.customer_id

)

select * from final
