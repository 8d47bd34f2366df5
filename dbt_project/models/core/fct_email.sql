with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

emails as (

    select * from {{ ref('int_growth_emails_stacked') }}

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

known_campaigns as (

    select * from {{ ref('bridge_campaign') }}
    where known_to = 'marketing'

),

final as (

    select
        emails.connection_id || '|' || emails.email_id as email_key,
        emails.source_system,
        emails.connection_id,
        org_units.entity_id,
        emails.email_id,
        emails.email_name,
        emails.subject,
        known_campaigns.campaign_id,
        emails.sent_at,
        cast(date_trunc('month', emails.sent_at) as date) as sent_month,
        cast(emails.sent_count as bigint) as sent_count,
        cast(emails.delivered_count as bigint) as delivered_count,
        cast(emails.opened_count as bigint) as opened_count,
        cast(emails.clicked_count as bigint) as clicked_count,
        cast(emails.bounced_count as bigint) as bounced_count,
        cast(emails.unsubscribed_count as bigint) as unsubscribed_count
    from emails
    inner join org_units
        on emails.connection_id = org_units.connection_id and coalesce(trim(emails.org_unit_ref), '') = org_units.org_unit_ref
    cross join parameters
    left join known_campaigns
        on
            org_units.entity_id = known_campaigns.entity_id
            and emails.connection_id = known_campaigns.connection_id
            and emails.campaign_id = known_campaigns.campaign_ref
    where emails.sent_at < parameters.as_of_date + interval 1 day

)

select * from final
