with

source as (

    {{ completed_loads('hubspot', 'email_events') }}

),

renamed as (

    select
        connection_id,
        id as event_id,
        created as occurred_at,
        lower(type) as event_type,
        lower(recipient) as email,
        cast(email_campaign_id as varchar) as sending_id,
        url,
        lower(nullif(regexp_extract(url, '[?&]utm_medium=([^&#]*)', 1), '')) as utm_medium,
        lower(nullif(regexp_extract(url, '[?&]utm_campaign=([^&#]*)', 1), '')) as utm_campaign,
        coalesce(filtered_event, false) as is_filtered,
        lower(category) as bounce_category,
        lower(portal_subscription_status) as subscription_status
    from source

)

select * from renamed
