with

emails as (

    select * from {{ ref('stg_hubspot__marketing_emails') }}
    where published_at is not null

),

final as (

    select
        connection_id,
        email_id,
        cast(null as varchar) as org_unit_ref,
        email_name,
        subject,
        campaign_id,
        published_at as sent_at,
        sent_count,
        delivered_count,
        opened_count,
        clicked_count,
        bounced_count,
        unsubscribed_count
    from emails

)

select * from final
