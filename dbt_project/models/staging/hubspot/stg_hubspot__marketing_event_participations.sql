with

parts as (

    {{ completed_loads('hubspot', 'marketing_event_participations') }}

),

events as (

    {{ completed_loads('hubspot', 'marketing_events') }}

),

-- An event and who takes part in it travel in one load: what is older than the event is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join events
        on
            parts.connection_id = events.connection_id
            and parts.event_id = events.object_id
            and parts._dlt_load_id = events._dlt_load_id

),

renamed as (

    select
        connection_id,
        id as participation_id,
        event_id,
        contact_id,
        lower(email) as email,
        lower(attendance_state) as attendance_state,
        occurred_at
    from current_parts

)

select * from renamed
