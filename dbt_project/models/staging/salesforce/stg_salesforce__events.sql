with

source as (

    {{ completed_loads('salesforce', 'events') }}

),

renamed as (

    select
        connection_id,
        id as event_id,
        who_id,
        what_id,
        account_id,
        owner_id,
        subject,
        type as event_type,
        event_subtype,
        activity_date,
        start_date_time as started_at,
        end_date_time as ended_at,
        duration_in_minutes,
        created_date as created_at
    from source

)

select * from renamed
