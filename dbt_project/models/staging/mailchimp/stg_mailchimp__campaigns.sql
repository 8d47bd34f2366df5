with

source as (

    {{ completed_loads('mailchimp', 'campaigns') }}

),

renamed as (

    select
        connection_id,
        id as mailing_id,
        parent_campaign_id as parent_mailing_id,
        list_id,
        title,
        subject_line as subject,
        type as mailing_type,
        status as mailing_status,
        lower(google_analytics) as campaign_utm,
        create_time as created_at,
        send_time as sent_at,
        emails_sent as sent_count
    from source

)

select * from renamed
