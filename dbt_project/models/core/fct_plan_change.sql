-- Lines of locked plans that are not what they were when the version was first published locked.
with

kept as (

    select * from {{ ref('stg_hub__locked_plan_lines') }}

),

plans as (

    select * from {{ ref('fct_plan_line') }}

),

locked as (

    select
        entity_id,
        connection_id,
        budget_id,
        min(kept_at) as kept_at
    from kept
    group by entity_id, connection_id, budget_id

),

present as (

    select
        plans.plan_line_key,
        plans.entity_id,
        plans.connection_id,
        plans.budget_id,
        plans.amount_func,
        locked.kept_at
    from plans
    inner join locked
        on plans.entity_id = locked.entity_id and plans.connection_id = locked.connection_id and plans.budget_id = locked.budget_id

),

compared as (

    select
        coalesce(kept.plan_line_key, present.plan_line_key) as plan_line_key,
        coalesce(kept.entity_id, present.entity_id) as entity_id,
        coalesce(kept.connection_id, present.connection_id) as connection_id,
        coalesce(kept.budget_id, present.budget_id) as budget_id,
        coalesce(kept.kept_at, present.kept_at) as locked_since,
        kept.amount_func as amount_locked,
        present.amount_func as amount_now
    from kept
    full outer join present on kept.plan_line_key = present.plan_line_key

),

final as (

    select
        plan_line_key,
        entity_id,
        connection_id,
        budget_id,
        locked_since,
        amount_locked,
        amount_now,
        cast(coalesce(amount_now, 0) - coalesce(amount_locked, 0) as decimal(20, 4)) as difference,
        case
            when amount_locked is null then 'added'
            when amount_now is null then 'removed'
            else 'changed'
        end as change_kind
    from compared
    where amount_locked is distinct from amount_now

)

select * from final
