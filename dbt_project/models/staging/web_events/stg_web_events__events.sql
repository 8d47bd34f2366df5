with

source as (

    {{ completed_loads('web_events', 'events') }}

),

renamed as (

    select
        connection_id,
        message_id,
        lower(type) as event_type,
        event as event_name,
        coalesce(anonymous_id, user_id, message_id) as visitor_id,
        user_id,
        lower(email) as email,
        occurred_at,
        received_at,
        url,
        {{ host_of('url') }} as page_host,
        {{ host_of('referrer') }} as referrer_host,
        user_agent,
        lower(coalesce(nullif(utm_source, ''), {{ utm_of('url', 'source') }})) as utm_source,
        lower(coalesce(nullif(utm_medium, ''), {{ utm_of('url', 'medium') }})) as utm_medium,
        lower(coalesce(nullif(utm_campaign, ''), {{ utm_of('url', 'campaign') }})) as utm_campaign
    from source

)

select * from renamed
