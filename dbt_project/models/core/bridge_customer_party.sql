-- Which party of the books is which customer: a customer that the books have more than once has a row for each.
with

crosswalk as (

    select * from {{ ref('customer_crosswalk') }}
    where is_current and kind = 'firm' and system_role = 'books'

),

records as (

    select * from {{ ref('identity_record') }}

),

final as (

    select
        crosswalk.customer_id,
        crosswalk.entity_id,
        records.display_name as customer_name,
        crosswalk.connection_id as erp_connection_id,
        crosswalk.native_id as erp_party_id,
        -- The party that the books had first stands for the customer.
        row_number() over (
            partition by crosswalk.customer_id order by records.created_at nulls last, crosswalk.connection_id, crosswalk.native_id
        ) = 1 as is_primary
    from crosswalk
    inner join records on crosswalk.record_key = records.record_key

)

select * from final
