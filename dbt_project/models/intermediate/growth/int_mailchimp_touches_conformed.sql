with

activity as (

    select * from {{ ref('stg_mailchimp__report_email_activity') }}
    where action in ('click', 'open')

),

mailings as (

    select * from {{ ref('int_mailchimp_mailings_tagged') }}

),

-- Mailchimp knows by which mailing a reader came, whatever tags the address has lost; all that it sends is e-mail.
final as (

    select
        activity.connection_id,
        activity.member_id as person_id,
        activity.email,
        activity.occurred_at,
        'email_' || activity.action as touch_type,
        mailings.campaign_id,
        coalesce(mailings.campaign_utm, activity.utm_campaign) as campaign_utm,
        activity.utm_medium,
        'email' as traffic_source
    from activity
    inner join mailings on activity.connection_id = mailings.connection_id and activity.mailing_id = mailings.mailing_id

)

select * from final
