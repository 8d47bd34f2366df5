with

source as (

    {{ completed_loads('hubspot', 'marketing_emails') }}

),

renamed as (

    select
        connection_id,
        id as email_id,
        name as email_name,
        subject,
        lower(state) as email_state,
        campaign as campaign_id,
        publish_date as published_at,
        sent as sent_count,
        delivered as delivered_count,
        opened as opened_count,
        clicked as clicked_count,
        bounced as bounced_count,
        unsubscribed as unsubscribed_count
    from source

)

select * from renamed
