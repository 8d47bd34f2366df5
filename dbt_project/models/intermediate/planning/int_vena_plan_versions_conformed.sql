with

cells as (

    select * from {{ ref('int_vena_cells_placed') }}

),

plans as (

    select
        connection_id,
        plan_id,
        org_unit_ref,
        version_name,
        scenario,
        fiscal_year,
        min(case when line_item = 'created on' then value end) as created_on,
        max(case when line_item = 'locked' then lower(value) end) as locked,
        min(period_month) as first_month
    from cells
    where plan_id is not null and scenario is not null
    group by connection_id, plan_id, org_unit_ref, version_name, scenario, fiscal_year

),

-- A plan of which nobody tells when it was made counts from its first month.
final as (

    select
        connection_id,
        plan_id,
        org_unit_ref,
        version_name as plan_name,
        scenario,
        fiscal_year,
        cast(coalesce(try_strptime(created_on, ['%Y%m%d', '%Y-%m-%d']), first_month) as timestamp) as updated_at,
        coalesce(locked in ('1', 'true', 'yes'), false) as is_locked
    from plans

)

select * from final
