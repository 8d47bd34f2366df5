{{ config(materialized='view') }}
-- A view: the controls run after the models, and a snapshot must hold what they found.
with

results as (

    select * from {{ ref('stg_hub__control_results') }}

),

catalogue as (

    select * from {{ ref('controls') }}

),

evaluated as (

    select
        results.control_id,
        catalogue.title,
        catalogue.assertion,
        results.check_name,
        results.run_id,
        results.checked_at,
        results.as_of_date,
        results.entity_id,
        results.period_month,
        coalesce(catalogue.severity, results.severity) as severity,
        results.measured,
        results.expected,
        results.tolerance,
        results.failed_rows,
        results.sample_keys,
        catalogue.owner,
        results.status
    from results
    left join catalogue on results.control_id = catalogue.control_id

),

not_evaluated as (

    select
        catalogue.control_id,
        catalogue.title,
        catalogue.assertion,
        cast(null as varchar) as check_name,
        cast(null as varchar) as run_id,
        cast(null as timestamp) as checked_at,
        cast(null as date) as as_of_date,
        cast(null as varchar) as entity_id,
        cast(null as date) as period_month,
        catalogue.severity,
        catalogue.not_applicable_reason as measured,
        cast(null as varchar) as expected,
        cast(null as varchar) as tolerance,
        cast(null as bigint) as failed_rows,
        cast(null as varchar) as sample_keys,
        catalogue.owner,
        'not_applicable' as status
    from catalogue
    where catalogue.not_applicable_reason is not null

),

final as (

    select * from evaluated
    union all
    select * from not_evaluated

)

select * from final
