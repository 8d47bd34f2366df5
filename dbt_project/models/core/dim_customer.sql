with

crosswalk as (

    select * from {{ ref('customer_crosswalk') }}
    where is_current and kind = 'firm' and system_role = 'books'

),

records as (

    select * from {{ ref('identity_record') }}

),

accounts as (

    select * from {{ ref('dim_party') }}

),

firms as (

    select * from {{ ref('bridge_customer_company') }}
    where is_primary

),

-- A customer that the books have more than once is told by the account that they had first.
customers as (

    select
        crosswalk.customer_id,
        crosswalk.entity_id,
        accounts.party_name as customer_name,
        accounts.connection_id as erp_connection_id,
        accounts.party_id as erp_party_id,
        count(*) over (partition by crosswalk.customer_id) as erp_party_count
    from crosswalk
    inner join records on crosswalk.record_key = records.record_key
    inner join accounts on crosswalk.connection_id = accounts.connection_id and crosswalk.native_id = accounts.party_id
    qualify row_number() over (
        partition by crosswalk.customer_id order by records.created_at nulls last, accounts.connection_id, accounts.party_id
    ) = 1

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
