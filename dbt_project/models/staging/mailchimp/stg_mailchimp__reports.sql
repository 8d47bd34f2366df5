with

source as (

    {{ completed_loads('mailchimp', 'reports') }}

),

renamed as (

    select
        connection_id,
        id as mailing_id,
        list_id,
        campaign_title as title,
        send_time as sent_at,
        emails_sent as sent_count,
        coalesce(hard_bounces, 0) + coalesce(soft_bounces, 0) + coalesce(syntax_errors, 0) as bounced_count,
        opens_total as opens_count,
        unique_opens as opened_count,
        clicks_total as clicks_count,
        coalesce(unique_subscriber_clicks, unique_clicks) as clicked_count,
        unsubscribed as unsubscribed_count,
        total_orders as order_count,
        {{ money('total_spent') }} as spent_txn,
        {{ money('total_revenue') }} as revenue_txn,
        currency_code as currency
    from source

)

select * from renamed
