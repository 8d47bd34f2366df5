-- The stages that a deal was in, as HubSpot keeps the former values of the property; a stage that is set again is no entry.
with

deals as (

    select * from {{ ref('stg_hubspot__deals') }}
    where not is_archived

),

history as (

    select * from {{ ref('stg_hubspot__deal_stage_history') }}

),

stages as (

    select * from {{ ref('stg_hubspot__pipeline_stages') }}

),

changes as (

    select
        history.connection_id,
        history.deal_id,
        deals.pipeline_id,
        history.stage_id,
        history.entered_at,
        lag(history.stage_id) over (partition by history.connection_id, history.deal_id order by history.entry_number) as former_stage_id
    from history
    inner join deals on history.connection_id = deals.connection_id and history.deal_id = deals.deal_id
    where nullif(history.stage_id, '') is not null

),

final as (

    select distinct
        changes.connection_id,
        changes.deal_id,
        coalesce(stages.stage_name, changes.stage_id) as stage_name,
        changes.entered_at
    from changes
    left join stages
        on
            changes.connection_id = stages.connection_id
            and changes.pipeline_id = stages.pipeline_id
            and changes.stage_id = stages.stage_id
    where changes.stage_id is distinct from changes.former_stage_id

)

select * from final
