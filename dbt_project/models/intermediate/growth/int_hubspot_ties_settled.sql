-- Which objects belong together, with those that were merged into another as the one that they became.
with

ties as (

    select * from {{ ref('stg_hubspot__associations') }}

),

merges as (

    select * from {{ ref('stg_hubspot__merges') }}

),

final as (

    select distinct
        ties.connection_id,
        ties.from_type,
        coalesce(from_merges.winner_id, ties.from_id) as from_id,
        ties.to_type,
        coalesce(to_merges.winner_id, ties.to_id) as to_id
    from ties
    left join merges as from_merges
        on
            ties.connection_id = from_merges.connection_id
            and ties.from_type = from_merges.object_type
            and ties.from_id = from_merges.loser_id
    left join merges as to_merges
        on
            ties.connection_id = to_merges.connection_id and ties.to_type = to_merges.object_type and ties.to_id = to_merges.loser_id

)

select * from final
