with

source as (

    {{ completed_loads('hubspot', 'marketing_events') }}

),

renamed as (

    select
        connection_id,
        object_id as event_id,
        event_name,
        lower(event_type) as event_type,
        start_date_time as started_at,
        end_date_time as ended_at,
        registrants as registered_count,
        attendees as attended_count,
        cancellations as cancelled_count,
        no_shows as no_show_count,
        coalesce(event_cancelled, false) as is_cancelled,
        updated_at
    from source

)

select * from renamed
