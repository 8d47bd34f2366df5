with

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

runs as (

    select * from {{ ref('stg_hub__source_runs') }}

),

gaps as (

    select
        connection_id,
        string_agg(table_name || ': ' || reason, '; ' order by table_name) as unavailable_tables
    from {{ ref('stg_hub__unavailable_tables') }}
    group by connection_id

),

final as (

    select
        connections.connection_id,
        connections.system,
        connections.entity_id,
        runs.last_attempt_at,
        runs.last_success_at,
        coalesce(runs.last_status, 'never') as last_status,
        runs.last_message,
        coalesce(runs.rows_loaded, 0) as rows_loaded,
        coalesce(runs.documents_quarantined, 0) as documents_quarantined,
        gaps.unavailable_tables
    from connections
    left join runs on connections.connection_id = runs.connection_id
    left join gaps on connections.connection_id = gaps.connection_id

)

select * from final
