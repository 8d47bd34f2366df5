with

-- A company whose books are not read has nothing that could be consolidated.
entities as (

    select * from {{ ref('dim_entity') }}
    where source_system is distinct from 'none'

),

listed as (

    select * from {{ ref('group_structure') }}

),

-- Whoever is not listed belongs to the group wholly and always.
final as (

    select
        entities.entity_id,
        listed.parent_entity_id,
        coalesce(listed.ownership_pct, cast(100 as decimal(9, 6))) as ownership_pct,
        coalesce(listed.consolidation_method, 'full') as consolidation_method,
        coalesce(listed.valid_from, date '0001-01-01') as valid_from,
        coalesce(listed.valid_to, date '9999-12-31') as valid_to,
        coalesce(min(listed.valid_from) over (partition by entities.entity_id), date '0001-01-01') as acquired_date
    from entities
    left join listed on entities.entity_id = listed.entity_id

)

select * from final
