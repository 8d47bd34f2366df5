with

entities as (

    select * from {{ ref('dim_entity') }}

),

settings as (

    select * from {{ ref('stg_hub__closings') }}

),

-- Closed is what the firm says or what the books themselves have locked, whichever reaches further.
final as (

    select
        entities.entity_id,
        greatest(settings.closed_until_date, entities.locked_until_date) as closed_until_date,
        coalesce(settings.changes, 'block') as changes,
        coalesce(settings.reason, '') as reason
    from entities
    left join settings on entities.entity_id = settings.entity_id
    where settings.closed_until_date is not null or entities.locked_until_date is not null

)

select * from final
