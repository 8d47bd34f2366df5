with

activities as (

    select * from {{ ref('int_marketo_activities_named') }}
    where
        activity_kind in (
            'send email', 'email delivered', 'email bounced', 'email bounced soft', 'open email', 'click email', 'unsubscribe email'
        )

),

emails as (

    select * from {{ ref('stg_marketo__emails') }}

),

smart_campaigns as (

    select * from {{ ref('stg_marketo__smart_campaigns') }}

),

programs as (

    select * from {{ ref('stg_marketo__programs') }}

),

-- The vendor counts nothing: recipients are counted, each once, under the id that they had then.
counted as (

    select
        connection_id,
        asset_id as email_id,
        max(asset_name) as asset_name,
        max(smart_campaign_id) as smart_campaign_id,
        min(occurred_at) filter (where activity_kind = 'send email') as sent_at,
        count(distinct lead_id) filter (where activity_kind = 'send email') as sent_count,
        count(distinct lead_id) filter (where activity_kind = 'email delivered') as delivered_count,
        count(distinct lead_id) filter (where activity_kind = 'open email') as opened_count,
        count(distinct lead_id) filter (where activity_kind = 'click email') as clicked_count,
        count(distinct lead_id) filter (where activity_kind in ('email bounced', 'email bounced soft')) as bounced_count,
        count(distinct lead_id) filter (where activity_kind = 'unsubscribe email') as unsubscribed_count
    from activities
    group by connection_id, asset_id

),

placed as (

    select
        counted.*,
        emails.subject,
        emails.workspace_name,
        coalesce(emails.email_name, counted.asset_name) as email_name,
        coalesce(emails.program_id, smart_campaigns.program_id) as campaign_id
    from counted
    left join emails on counted.connection_id = emails.connection_id and counted.email_id = emails.email_id
    left join smart_campaigns
        on counted.connection_id = smart_campaigns.connection_id and counted.smart_campaign_id = smart_campaigns.smart_campaign_id

),

final as (

    select
        placed.connection_id,
        placed.email_id,
        coalesce(placed.workspace_name, programs.workspace_name) as org_unit_ref,
        placed.email_name,
        placed.subject,
        placed.campaign_id,
        placed.sent_at,
        placed.sent_count,
        placed.delivered_count,
        placed.opened_count,
        placed.clicked_count,
        placed.bounced_count,
        placed.unsubscribed_count
    from placed
    left join programs on placed.connection_id = programs.connection_id and placed.campaign_id = programs.program_id

)

select * from final
