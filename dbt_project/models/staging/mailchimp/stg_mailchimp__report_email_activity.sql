with

source as (

    {{ completed_loads('mailchimp', 'report_email_activity') }}

),

renamed as (

    select
        connection_id,
        campaign_id as mailing_id,
        email_id as member_id,
        lower(email_address) as email,
        action,
        type as bounce_type,
        timestamp as occurred_at,
        nullif(url, '') as url,
        lower(nullif(regexp_extract(url, '[?&]utm_source=([^&#]*)', 1), '')) as utm_source,
        lower(nullif(regexp_extract(url, '[?&]utm_medium=([^&#]*)', 1), '')) as utm_medium,
        lower(nullif(regexp_extract(url, '[?&]utm_campaign=([^&#]*)', 1), '')) as utm_campaign
    from source

)

select * from renamed
