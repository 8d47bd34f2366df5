-- The flow of a deal tells its moves: what it was before the first one is where it began. A deal without any is where it began yet; one
-- whose flow has not been read has its present stage alone.
with

deals as (

    select * from {{ ref('stg_pipedrive__deals') }}

),

moves as (

    select * from {{ ref('stg_pipedrive__deal_changes') }}
    where field_key = 'stage_id'

),

starts as (

    select
        connection_id,
        deal_id,
        first(old_value order by changed_at, change_number) as stage_id
    from moves
    group by connection_id, deal_id

),

entries as (

    select
        moves.connection_id,
        moves.deal_id,
        moves.new_value as stage_id,
        moves.changed_at as entered_at
    from moves
    semi join deals on moves.connection_id = deals.connection_id and moves.deal_id = deals.deal_id
    union all
    select
        deals.connection_id,
        deals.deal_id,
        coalesce(starts.stage_id, deals.stage_id) as stage_id,
        case when starts.deal_id is null then coalesce(deals.stage_changed_at, deals.created_at) else deals.created_at end as entered_at
    from deals
    left join starts on deals.connection_id = starts.connection_id and deals.deal_id = starts.deal_id

),

stages as (

    select * from {{ ref('stg_pipedrive__stages') }}

),

final as (

    select
        entries.connection_id,
        entries.deal_id,
        coalesce(stages.stage_name, entries.stage_id) as stage_name,
        entries.entered_at
    from entries
    left join stages on entries.connection_id = stages.connection_id and entries.stage_id = stages.stage_id

)

select * from final
