{{ config(materialized='view') }}
-- A view: the checks run after the models, and a snapshot must hold what they measured.
with

checks as (

    select * from {{ ref('fct_check_result') }}

),

final as (

    select
        check_id,
        asset,
        check_name,
        domain,
        severity,
        blocking,
        passed,
        measured,
        expected,
        failed_rows,
        checked_at,
        description
    from checks

)

select * from final
