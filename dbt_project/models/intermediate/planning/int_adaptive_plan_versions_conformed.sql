with

cells as (

    select * from {{ ref('int_adaptive_cells_placed') }}

),

versions as (

    select * from {{ ref('stg_adaptive__versions') }}

),

periods as (

    select * from {{ ref('stg_adaptive__periods') }}
    where is_leaf

),

-- A version that holds targets alone is no plan.
plans as (

    select distinct
        connection_id,
        plan_id,
        version_id,
        org_unit_ref
    from cells
    where line_item in ('amount', 'headcount', 'volume', 'price')

),

-- When a version was made nobody tells, unless its description does; otherwise it counts from the month in which its plan begins.
final as (

    select
        plans.connection_id,
        plans.plan_id,
        plans.org_unit_ref,
        versions.version_name as plan_name,
        case
            when versions.version_type = 'actuals' then 'actual'
            when versions.version_type = 'scenario' then 'scenario'
            when lower(versions.version_name) like '%forecast%' then 'forecast'
            when lower(versions.version_name) like '%budget%' or lower(versions.version_name) like '%plan%' then 'budget'
            else 'scenario'
        end as scenario,
        case
            when versions.version_type <> 'actuals' then try_cast(nullif(regexp_extract(versions.first_year, '\d{4}'), '') as integer)
        end as fiscal_year,
        cast(
            coalesce({{ adaptive_day('versions.description') }}, starts.period_month, firsts.period_month) as timestamp
        ) as updated_at,
        versions.is_locked
    from plans
    inner join versions on plans.connection_id = versions.connection_id and plans.version_id = versions.version_id
    left join periods as starts on versions.connection_id = starts.connection_id and versions.start_plan = starts.period_code
    left join periods as firsts on versions.connection_id = firsts.connection_id and versions.first_period = firsts.period_code

)

select * from final
