-- Why costs are not what was planned: more or less was sold than planned, it took more people, people cost more, or more was spent.
-- What each unit of sales costs is flexed with the volume; whatever is not told for a department stands apart, so that nothing is left out.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

mapping as (

    select * from {{ ref('dim_account_mapping') }}

),

variances as (

    select
        entity_id,
        connection_id,
        account_id,
        account_code,
        account_name,
        department_name,
        period_month,
        comparison,
        actual,
        coalesce(budget, 0) as budget,
        currency
    from {{ ref('fct_variance') }}
    where
        account_class = 'expense'
        and is_closed_month
        and comparison in ('budget_original', 'budget_current', 'forecast_latest')

),

of_departments as (

    select
        entity_id,
        connection_id,
        account_id,
        period_month,
        comparison,
        sum(actual) as actual,
        sum(budget) as budget
    from variances
    where department_name <> 'all'
    group by entity_id, connection_id, account_id, period_month, comparison

),

costs as (

    select * from variances
    where department_name <> 'all'
    union all
    select
        variances.* replace (
            'none' as department_name,
            cast(variances.actual - coalesce(of_departments.actual, 0) as decimal(20, 4)) as actual,
            cast(variances.budget - coalesce(of_departments.budget, 0) as decimal(20, 4)) as budget
        )
    from variances
    left join of_departments
        on
            variances.entity_id = of_departments.entity_id
            and variances.connection_id = of_departments.connection_id
            and variances.account_id = of_departments.account_id
            and variances.period_month = of_departments.period_month
            and variances.comparison = of_departments.comparison
    where
        variances.department_name = 'all'
        and (
            variances.actual <> coalesce(of_departments.actual, 0)
            or variances.budget <> coalesce(of_departments.budget, 0)
        )

),

drivers as (

    select
        entity_id,
        connection_id,
        budget_id,
        scenario,
        budget_updated_at,
        period_month,
        driver,
        -- What is sold is counted over all products, people by department.
        coalesce(department_name, 'none') as department_name,
        sum(amount) as amount
    from {{ ref('fct_plan_driver') }}
    where driver in ('volume', 'headcount')
    group by all

),

{{ plans_compared_with() }}

planned as (

    select
        drivers.entity_id,
        drivers.period_month,
        compared_with.comparison,
        drivers.driver,
        drivers.department_name,
        sum(drivers.amount) as amount
    from drivers
    inner join compared_with
        on
            drivers.entity_id = compared_with.entity_id
            and drivers.connection_id = compared_with.connection_id
            and drivers.budget_id = compared_with.budget_id
            and drivers.period_month = compared_with.period_month
    group by all

),

known as (

    select
        entity_id,
        period_month,
        driver,
        department_name,
        sum(amount) as amount
    from drivers
    where scenario = 'actual'
    group by all

),

-- A quantity that is known on one side only, or planned as nothing, tells nothing.
quantities as (

    select
        planned.entity_id,
        planned.period_month,
        planned.comparison,
        planned.driver,
        planned.department_name,
        cast(planned.amount as decimal(20, 4)) as planned_quantity,
        cast(known.amount as decimal(20, 4)) as actual_quantity
    from planned
    inner join known
        on
            planned.entity_id = known.entity_id
            and planned.period_month = known.period_month
            and planned.driver = known.driver
            and planned.department_name = known.department_name
    where planned.amount > 0

),

volumes as (

    select
        entity_id,
        period_month,
        comparison,
        cast(sum(planned_quantity) as decimal(20, 4)) as planned_volume,
        cast(sum(actual_quantity) as decimal(20, 4)) as actual_volume
    from quantities
    where driver = 'volume'
    group by entity_id, period_month, comparison

),

people as (

    select * from quantities
    where driver = 'headcount'

),

measured as (

    select
        costs.*,
        coalesce(mapping.group_account_code, 'unmapped') as group_account_code,
        coalesce(chart.is_payroll, false) as is_payroll,
        case when chart.statement_section = 'cost_of_revenue' then volumes.planned_volume end as planned_volume,
        case when chart.statement_section = 'cost_of_revenue' then volumes.actual_volume end as actual_volume,
        case when chart.is_payroll then people.planned_quantity end as planned_headcount,
        case when chart.is_payroll then people.actual_quantity end as actual_headcount
    from costs
    left join mapping
        on
            costs.entity_id = mapping.entity_id
            and costs.connection_id = mapping.connection_id
            and costs.account_id = mapping.account_id
            and last_day(costs.period_month) between mapping.valid_from and mapping.valid_to
    left join chart on mapping.group_account_code = chart.group_account_code
    left join volumes
        on
            costs.entity_id = volumes.entity_id
            and costs.period_month = volumes.period_month
            and costs.comparison = volumes.comparison
    left join people
        on
            costs.entity_id = people.entity_id
            and costs.period_month = people.period_month
            and costs.comparison = people.comparison
            and costs.department_name = people.department_name

),

flexed as (

    select
        *,
        case
            when planned_volume > 0 then {{ apportioned('budget', 'actual_volume', 'planned_volume') }}
            else budget
        end as flexible_budget,
        -- What the people that there were would have cost at the planned rate.
        case
            when planned_headcount > 0 then {{ apportioned('budget', 'actual_headcount', 'planned_headcount') }}
        end as planned_cost_of_people
    from measured

),

final as (

    select
        entity_id,
        connection_id,
        account_id,
        account_code,
        account_name,
        group_account_code,
        department_name,
        period_month,
        comparison,
        is_payroll,
        actual,
        budget,
        cast(actual - budget as decimal(20, 4)) as variance_abs,
        planned_volume,
        actual_volume,
        planned_headcount,
        actual_headcount,
        flexible_budget,
        cast(flexible_budget - budget as decimal(20, 4)) as volume_effect,
        cast(coalesce(planned_cost_of_people - flexible_budget, 0) as decimal(20, 4)) as efficiency_effect,
        cast(coalesce(actual - planned_cost_of_people, 0) as decimal(20, 4)) as rate_effect,
        cast(case when planned_cost_of_people is null then actual - flexible_budget else 0 end as decimal(20, 4)) as spending_effect,
        currency
    from flexed

)

select * from final
