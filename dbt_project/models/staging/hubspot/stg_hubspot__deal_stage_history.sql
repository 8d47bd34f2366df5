with

parts as (

    {{ completed_loads('hubspot', 'deal_stage_history') }}

),

deals as (

    {{ completed_loads('hubspot', 'deals') }}

),

-- A deal and its history travel in one load: what is older than the deal is no longer its history.
current_parts as (

    select parts.*
    from parts
    inner join deals
        on
            parts.connection_id = deals.connection_id
            and parts.deal_id = deals.id
            and parts._dlt_load_id = deals._dlt_load_id

),

renamed as (

    select
        connection_id,
        deal_id,
        entry as entry_number,
        value as stage_id,
        timestamp as entered_at
    from current_parts

)

select * from renamed
