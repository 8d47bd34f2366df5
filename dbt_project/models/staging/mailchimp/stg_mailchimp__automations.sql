with

source as (

    {{ completed_loads('mailchimp', 'automations') }}

),

renamed as (

    select
        connection_id,
        id as automation_id,
        title,
        status as automation_status,
        list_id,
        create_time as created_at,
        start_time as started_at,
        emails_sent as sent_count,
        unique_opens as opened_count,
        subscriber_clicks as clicked_count
    from source

)

select * from renamed
