-- Which objects belong together, with those that were merged into another as the one that they became.
with

ties as (

    select * from {{ ref('stg_hubspot__associations') }}

),

merged as (

    select * from {{ ref('stg_hubspot__merges') }}

),

final as (

    select distinct
        ties.connection_id,
        ties.from_type,
        coalesce(merged_sources.winner_id, ties.from_id) as from_id,
        ties.to_type,
        coalesce(merged_targets.winner_id, ties.to_id) as to_id
    from ties
    left join merged as merged_sources
        on
            ties.connection_id = merged_sources.connection_id
            and ties.from_type = merged_sources.object_type
            and ties.from_id = merged_sources.loser_id
    left join merged as merged_targets
        on
            ties.connection_id = merged_targets.connection_id
            and ties.to_type = merged_targets.object_type
            and ties.to_id = merged_targets.loser_id

)

select * from final
