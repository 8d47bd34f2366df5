-- How many records of each system are known to another system of the company too.
with

crosswalk as (

    select * from {{ ref('customer_crosswalk') }}
    where is_current

),

waiting as (

    select
        kind,
        left_connection_id as connection_id,
        left_record_id as native_id
    from {{ ref('identity_review') }}
    union
    select
        kind,
        right_connection_id as connection_id,
        right_record_id as native_id
    from {{ ref('identity_review') }}

),

ids as (

    select
        customer_id,
        count(distinct connection_id) as connections,
        max(case when system_role = 'books' then 1 else 0 end) as is_in_books
    from crosswalk
    group by customer_id

),

final as (

    select
        crosswalk.entity_id,
        crosswalk.kind,
        crosswalk.source_system,
        crosswalk.system_role,
        crosswalk.connection_id,
        cast(count(*) as bigint) as records,
        cast(count(distinct crosswalk.customer_id) as bigint) as customers,
        cast(count(case when ids.connections > 1 then 1 end) as bigint) as matched_records,
        cast(count(case when ids.connections > 1 then 1 end) * 100.0 / count(*) as decimal(9, 4)) as match_rate_pct,
        cast(sum(ids.is_in_books) as bigint) as records_in_books,
        cast(count(waiting.native_id) as bigint) as records_in_review,
        cast(avg(case when ids.connections > 1 then crosswalk.confidence end) as decimal(9, 6)) as match_confidence
    from crosswalk
    inner join ids on crosswalk.customer_id = ids.customer_id
    left join waiting
        on
            crosswalk.kind = waiting.kind
            and crosswalk.connection_id = waiting.connection_id
            and crosswalk.native_id = waiting.native_id
    group by crosswalk.entity_id, crosswalk.kind, crosswalk.source_system, crosswalk.system_role, crosswalk.connection_id

)

select * from final
