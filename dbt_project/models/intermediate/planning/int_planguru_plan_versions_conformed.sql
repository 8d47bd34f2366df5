with

cells as (

    select * from {{ ref('int_planguru_cells_placed') }}

),

plans as (

    select
        connection_id,
        plan_id,
        org_unit_ref,
        version_name as plan_name,
        max(scenario) as scenario,
        max(fiscal_year) as fiscal_year,
        max(created_date) as created_date,
        bool_or(is_locked) as is_locked,
        min(period_month) as first_month,
        max(period_month) as last_month
    from cells
    where line_item in ('amount', 'headcount', 'volume', 'price')
    group by connection_id, plan_id, org_unit_ref, version_name

),

-- What the titles do not tell follows from the months that the plan is of.
final as (

    select
        connection_id,
        plan_id,
        org_unit_ref,
        plan_name,
        scenario,
        cast(
            coalesce(
                fiscal_year, case when last_month < first_month + interval 1 year then extract(year from last_month) end
            ) as integer
        ) as fiscal_year,
        cast(coalesce(created_date, first_month) as timestamp) as updated_at,
        is_locked
    from plans

)

select * from final
