with recursive

losers as (

    select * from {{ ref('stg_salesforce__merges') }}

),

-- Merges cannot form a circle, since a loser is gone; the number of steps is bounded all the same.
steps as (

    select
        connection_id,
        object_type,
        loser_id,
        winner_id,
        1 as step
    from losers
    union all
    select
        steps.connection_id,
        steps.object_type,
        steps.loser_id,
        losers.winner_id,
        steps.step + 1 as step
    from steps
    inner join losers
        on
            steps.connection_id = losers.connection_id
            and steps.object_type = losers.object_type
            and steps.winner_id = losers.loser_id
    where steps.step < 20

),

final as (

    select
        connection_id,
        object_type,
        loser_id,
        winner_id
    from steps
    qualify row_number() over (partition by connection_id, object_type, loser_id order by step desc) = 1

)

select * from final
