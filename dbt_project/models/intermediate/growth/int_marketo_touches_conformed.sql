with

activities as (

    select * from {{ ref('int_marketo_activities_named') }}

),

leads as (

    select * from {{ ref('int_marketo_leads_standing') }}

),

programs as (

    select * from {{ ref('stg_marketo__programs') }}

),

smart_campaigns as (

    select * from {{ ref('stg_marketo__smart_campaigns') }}

),

emails as (

    select * from {{ ref('stg_marketo__emails') }}

),

tagged as (

    select
        connection_id,
        campaign_utm,
        min(campaign_id) as program_id
    from {{ ref('int_marketo_marketing_campaigns_conformed') }}
    where campaign_utm is not null
    group by connection_id, campaign_utm

),

-- Tags stand in the page's address, or behind the link of an e-mail.
happened as (

    select
        activities.connection_id,
        activities.person_id,
        leads.email,
        activities.occurred_at,
        activities.activity_kind,
        activities.new_status,
        activities.asset_id,
        activities.smart_campaign_id,
        activities.referrer_url,
        concat_ws('&', activities.query_parameters, regexp_extract(activities.link_url, '\?(.*)$', 1)) as query_parameters
    from activities
    inner join leads on activities.connection_id = leads.connection_id and activities.person_id = leads.lead_id
    where
        activities.activity_kind in (
            'visit webpage', 'fill out form', 'click email', 'open email', 'change status in progression', 'change program status'
        )

),

read_tags as (

    select
        *,
        lower(nullif(regexp_extract(query_parameters, '(^|[?&])utm_campaign=([^&#]*)', 2), '')) as campaign_utm,
        lower(nullif(regexp_extract(query_parameters, '(^|[?&])utm_medium=([^&#]*)', 2), '')) as utm_medium
    from happened

),

placed as (

    select
        read_tags.*,
        case
            when read_tags.activity_kind in ('change status in progression', 'change program status') then read_tags.asset_id
            else coalesce(emails.program_id, tagged.program_id, smart_campaigns.program_id)
        end as program_id
    from read_tags
    left join emails
        on
            read_tags.connection_id = emails.connection_id
            and case when read_tags.activity_kind in ('click email', 'open email') then read_tags.asset_id end = emails.email_id
    left join tagged on read_tags.connection_id = tagged.connection_id and read_tags.campaign_utm = tagged.campaign_utm
    left join smart_campaigns
        on
            read_tags.connection_id = smart_campaigns.connection_id
            and read_tags.smart_campaign_id = smart_campaigns.smart_campaign_id

),

typed as (

    select
        placed.*,
        programs.channel_name,
        case placed.activity_kind
            when 'visit webpage' then 'visit'
            when 'fill out form' then 'form_submission'
            when 'click email' then 'email_click'
            when 'open email' then 'email_open'
            else
                case
                    when lower(placed.new_status) not like 'attended%' then cast(null as varchar)
                    when lower(programs.program_type) like '%webinar%' then 'webinar_attended'
                    when lower(programs.program_type) = 'event' then 'event_attended'
                end
        end as touch_type
    from placed
    left join programs on placed.connection_id = programs.connection_id and placed.program_id = programs.program_id

),

final as (

    select
        connection_id,
        person_id,
        email,
        occurred_at,
        touch_type,
        program_id as campaign_id,
        campaign_utm,
        utm_medium,
        coalesce(channel_name, nullif(regexp_extract(referrer_url, '^https?://([^/?#]+)', 1), '')) as traffic_source
    from typed
    where touch_type is not null
    union all
    -- By what a person came, as the lead itself has it; whom the CRM brought came by none.
    select
        connection_id,
        lead_id as person_id,
        email,
        created_at as occurred_at,
        'lead_source' as touch_type,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as campaign_utm,
        cast(null as varchar) as utm_medium,
        lead_source as traffic_source
    from leads
    where lead_source is not null and lower(original_source_type) not like 'salesforce%'

)

select * from final
