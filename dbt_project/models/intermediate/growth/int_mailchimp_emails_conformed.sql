with

mailings as (

    select * from {{ ref('int_mailchimp_mailings_tagged') }}

),

reports as (

    select * from {{ ref('stg_mailchimp__reports') }}

),

final as (

    select
        mailings.connection_id,
        mailings.mailing_id as email_id,
        cast(null as varchar) as org_unit_ref,
        mailings.title as email_name,
        mailings.subject,
        mailings.campaign_id,
        coalesce(reports.sent_at, mailings.sent_at) as sent_at,
        coalesce(reports.sent_count, mailings.sent_count) as sent_count,
        reports.sent_count - reports.bounced_count as delivered_count,
        reports.opened_count,
        reports.clicked_count,
        reports.bounced_count,
        reports.unsubscribed_count
    from mailings
    left join reports on mailings.connection_id = reports.connection_id and mailings.mailing_id = reports.mailing_id
    where mailings.is_sent

)

select * from final
