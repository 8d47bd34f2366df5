-- What plans follow from, and in scenario actual what it really was: people by department, volumes and prices by product.
with

drivers as (

    select * from {{ ref('int_planning_plan_drivers_stacked') }}

),

versions as (

    select * from {{ ref('int_planning_plan_versions_stacked') }}

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

summed as (

    select
        org_units.entity_id,
        drivers.connection_id,
        drivers.plan_id as budget_id,
        versions.plan_name as budget_name,
        versions.scenario,
        versions.fiscal_year,
        versions.updated_at as budget_updated_at,
        drivers.driver,
        drivers.department_name,
        drivers.product_name,
        drivers.period_month,
        cast(sum(drivers.amount) as decimal(20, 4)) as amount
    from drivers
    inner join versions on drivers.connection_id = versions.connection_id and drivers.plan_id = versions.plan_id
    inner join org_units
        on drivers.connection_id = org_units.connection_id and coalesce(trim(drivers.org_unit_ref), '') = org_units.org_unit_ref
    group by all

),

final as (

    select
        concat_ws('|', entity_id, connection_id, budget_id, driver, department_name, product_name, strftime(period_month, '%Y-%m'))
            as driver_key,
        *
    from summed

)

select * from final
