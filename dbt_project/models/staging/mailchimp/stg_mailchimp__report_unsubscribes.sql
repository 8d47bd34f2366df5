with

source as (

    {{ completed_loads('mailchimp', 'report_unsubscribes') }}

),

renamed as (

    select
        connection_id,
        campaign_id as mailing_id,
        email_id as member_id,
        lower(email_address) as email,
        list_id,
        timestamp as unsubscribed_at,
        reason
    from source

)

select * from renamed
