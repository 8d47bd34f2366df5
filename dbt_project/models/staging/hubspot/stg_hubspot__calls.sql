with

source as (

    {{ completed_loads('hubspot', 'calls') }}

),

renamed as (

    select
        connection_id,
        id as call_id,
        hs_call_title as title,
        lower(hs_call_direction) as direction,
        hs_timestamp as started_at,
        hubspot_owner_id as owner_id,
        archived as is_archived
    from source

)

select * from renamed
