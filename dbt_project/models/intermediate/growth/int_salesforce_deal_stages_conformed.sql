with

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

states as (

    select * from {{ ref('stg_salesforce__opportunity_history') }}

),

-- A state is written for a new amount or close date too: only a change of the stage is an entry.
changes as (

    select
        states.connection_id,
        states.opportunity_id as deal_id,
        states.stage_name,
        states.began_at as entered_at,
        lag(states.stage_name) over (
            partition by states.connection_id, states.opportunity_id
            order by states.began_at, states.state_id
        ) as former_stage_name
    from states
    inner join opportunities on states.connection_id = opportunities.connection_id and states.opportunity_id = opportunities.opportunity_id

),

final as (

    select distinct
        connection_id,
        deal_id,
        stage_name,
        entered_at
    from changes
    where stage_name is distinct from former_stage_name

)

select * from final
