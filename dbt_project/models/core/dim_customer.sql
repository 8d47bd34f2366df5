with

accounts as (

    select * from {{ ref('dim_party') }}
    where is_customer and partner_entity_id is null

),

entities as (

    select * from {{ ref('dim_entity') }}

),

firms as (

    select * from {{ ref('bridge_customer_company') }}
    where is_primary

),

customers as (

    select
        accounts.connection_id || '|' || accounts.party_id as customer_id,
        entities.entity_id,
        accounts.party_name as customer_name,
        accounts.connection_id as erp_connection_id,
        accounts.party_id as erp_party_id
    from accounts
    inner join entities on accounts.connection_id = entities.connection_id

),

final as (

    select
        customers.customer_id,
        customers.entity_id,
        customers.customer_name,
        customers.erp_connection_id,
        customers.erp_party_id,
        firms.crm_connection_id,
        firms.crm_company_id,
        firms.industry,
        firms.country,
        coalesce(firms.match_method, 'unmatched') as match_method,
        cast(case when firms.customer_id is null then 0 else 1 end as decimal(3, 2)) as match_confidence
    from customers
    left join firms on customers.customer_id = firms.customer_id

)

select * from final
