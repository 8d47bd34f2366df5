-- What is to be reached, and when: what the company sets by hand holds before what its planning tools tell.
with

entities as (

    select * from {{ ref('dim_entity') }}

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

told as (

    select
        targets.metric,
        'entity' as scope,
        cast(null as varchar) as scope_ref,
        targets.entity_id,
        targets.valid_from,
        targets.amount,
        targets.currency,
        'set' as told_by,
        1 as precedence
    from {{ ref('targets') }} as targets
    union all
    select
        of_tools.metric,
        of_tools.scope,
        of_tools.scope_ref,
        org_units.entity_id,
        of_tools.period_month as valid_from,
        of_tools.amount,
        of_tools.currency,
        of_tools.connection_id as told_by,
        2 as precedence
    from {{ ref('int_planning_plan_targets_stacked') }} as of_tools
    inner join org_units
        on of_tools.connection_id = org_units.connection_id and coalesce(trim(of_tools.org_unit_ref), '') = org_units.org_unit_ref

),

set_by_hand as (

    select
        entity_id,
        metric,
        min(valid_from) as set_from
    from told
    where precedence = 1
    group by entity_id, metric

),

-- Where a target is set by hand, the tool's of the same metric and scope are not followed from that day on.
final as (

    select
        told.entity_id || '|' || told.metric || '|' || told.scope || '|' || coalesce(told.scope_ref, '') || '|' || told.valid_from
            as target_key,
        told.entity_id,
        told.metric,
        told.scope,
        told.scope_ref,
        told.valid_from,
        coalesce(lead(told.valid_from) over next - 1, date '9999-12-31') as valid_to,
        told.amount,
        coalesce(told.currency, entities.currency_func) as currency,
        told.told_by
    from told
    left join entities on told.entity_id = entities.entity_id
    left join set_by_hand
        on
            case when told.precedence = 2 and told.scope = 'entity' then told.entity_id end = set_by_hand.entity_id
            and told.metric = set_by_hand.metric
    where set_by_hand.set_from is null or told.valid_from < set_by_hand.set_from
    window next as (partition by told.entity_id, told.metric, told.scope, told.scope_ref order by told.valid_from)

)

select * from final
