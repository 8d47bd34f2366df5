with

runs as (

    select * from {{ ref('fct_source_run') }}

),

latest as (

    select max(last_attempt_at) as as_of_moment from runs

),

final as (

    select
        runs.connection_id,
        runs.system,
        runs.entity_id,
        runs.last_attempt_at,
        runs.last_success_at,
        runs.last_status,
        runs.last_message,
        cast(date_diff('minute', runs.last_success_at, latest.as_of_moment) as bigint) as minutes_since_success,
        runs.rows_loaded,
        runs.documents_quarantined,
        runs.unavailable_tables,
        runs.last_success_at is null
        or date_diff('minute', runs.last_success_at, latest.as_of_moment) > {{ var('stale_after_minutes') }} as is_stale
    from runs
    cross join latest

)

select * from final
