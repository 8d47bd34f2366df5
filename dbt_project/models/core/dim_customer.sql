with

accounts as (

    select * from {{ ref('stg_xero__contacts') }}
    where is_customer

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
        accounts.connection_id || '|' || accounts.contact_id as customer_id,
        entities.entity_id,
        accounts.contact_name as customer_name,
        accounts.connection_id as erp_connection_id,
        accounts.contact_id as erp_contact_id
    from accounts
    inner join entities on accounts.connection_id = entities.connection_id

),

final as (

    select
        customers.customer_id,
        customers.entity_id,
        customers.customer_name,
        customers.erp_connection_id,
        customers.erp_contact_id,
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
