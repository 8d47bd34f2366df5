with

source as (

    {{ completed_loads('hubspot', 'meetings') }}

),

renamed as (

    select
        connection_id,
        id as meeting_id,
        hs_meeting_title as title,
        hs_meeting_start_time as started_at,
        lower(hs_meeting_outcome) as outcome,
        hubspot_owner_id as owner_id,
        archived as is_archived
    from source

)

select * from renamed
