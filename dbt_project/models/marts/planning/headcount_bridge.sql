-- From what people were planned to cost to what they cost: how many there were, and what each of them cost.
with

payroll as (

    select * from {{ ref('cost_variance') }}
    where is_payroll

),

summed as (

    select
        entity_id,
        department_name,
        period_month,
        comparison,
        max(planned_headcount) as planned_headcount,
        max(actual_headcount) as actual_headcount,
        sum(budget) as planned_cost,
        sum(volume_effect + efficiency_effect) as headcount_effect,
        sum(rate_effect) as rate_effect,
        sum(spending_effect) as other_effect,
        sum(actual) as actual_cost,
        any_value(currency) as currency
    from payroll
    group by entity_id, department_name, period_month, comparison

),

final as (

    select
        entity_id,
        department_name,
        period_month,
        comparison,
        planned_headcount,
        actual_headcount,
        cast(actual_headcount - planned_headcount as decimal(20, 4)) as headcount_variance,
        cast(planned_cost as decimal(20, 4)) as planned_cost,
        cast(headcount_effect as decimal(20, 4)) as headcount_effect,
        cast(rate_effect as decimal(20, 4)) as rate_effect,
        cast(other_effect as decimal(20, 4)) as other_effect,
        cast(actual_cost as decimal(20, 4)) as actual_cost,
        cast(planned_cost / nullif(planned_headcount, 0) as decimal(20, 4)) as planned_cost_per_head,
        cast(actual_cost / nullif(actual_headcount, 0) as decimal(20, 4)) as actual_cost_per_head,
        currency
    from summed

)

select * from final
