with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

contacts as (

    select contacts.*
    from {{ ref('stg_hubspot__contacts') }} as contacts
    left join {{ ref('stg_hubspot__merges') }} as contact_merges
        on
            contacts.connection_id = contact_merges.connection_id
            and contacts.contact_id = contact_merges.loser_id
            and contact_merges.object_type = 'contacts'
    where contact_merges.loser_id is null and not contacts.is_archived

),

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

company_merges as (

    select * from {{ ref('stg_hubspot__merges') }}
    where object_type = 'companies'

),

employers as (

    select
        ties.connection_id,
        ties.from_id as contact_id,
        min(coalesce(company_merges.winner_id, ties.to_id)) as company_id
    from {{ ref('stg_hubspot__associations') }} as ties
    left join company_merges on ties.connection_id = company_merges.connection_id and ties.to_id = company_merges.loser_id
    where ties.from_type = 'contacts' and ties.to_type = 'companies'
    group by ties.connection_id, ties.from_id

),

rules as (

    select * from {{ ref('channel_rules') }}

),

campaigns as (

    select
        crm_connection_id,
        campaign_id,
        campaign_utm,
        channel_id
    from {{ ref('dim_campaign') }}
    where crm_connection_id is not null

),

submitted as (

    select
        submissions.connection_id,
        contacts.contact_id,
        'form_submission' as touch_type,
        submissions.submitted_at as occurred_at,
        submissions.utm_campaign as campaign_utm,
        submissions.utm_medium,
        cast(null as varchar) as traffic_source
    from {{ ref('stg_hubspot__form_submissions') }} as submissions
    inner join contacts on submissions.connection_id = contacts.connection_id and submissions.email = contacts.email

),

-- The CRM keeps the first and the latest visit of a person; in between, forms tell. What its own users enter (meetings, calls) is no
-- touch of marketing.
visited as (

    select
        connection_id,
        contact_id,
        'first_visit' as touch_type,
        first_seen_at as occurred_at,
        lower(first_source_data) as campaign_utm,
        cast(null as varchar) as utm_medium,
        first_source as traffic_source
    from contacts
    where first_seen_at is not null and not (first_source = 'offline' and lower(first_source_data) = 'crm_ui')
    union all
    select
        connection_id,
        contact_id,
        'latest_visit' as touch_type,
        latest_seen_at as occurred_at,
        lower(latest_source_data) as campaign_utm,
        cast(null as varchar) as utm_medium,
        latest_source as traffic_source
    from contacts
    where latest_seen_at is not null and not (latest_source = 'offline' and lower(latest_source_data) = 'crm_ui')

),

touches as (

    select * from submitted
    union all
    select * from visited

),

by_medium as (

    select
        pattern,
        channel_id
    from rules
    where match_field = 'utm_medium'

),

by_source as (

    select
        pattern,
        channel_id
    from rules
    where match_field = 'traffic_source'

),

placed as (

    select
        touches.connection_id,
        touches.contact_id,
        touches.touch_type,
        touches.occurred_at,
        campaigns.campaign_id,
        coalesce(campaigns.channel_id, by_medium.channel_id, by_source.channel_id) as channel_id
    from touches
    left join campaigns
        on touches.connection_id = campaigns.crm_connection_id and touches.campaign_utm = campaigns.campaign_utm
    left join by_medium on touches.utm_medium = by_medium.pattern
    left join by_source on touches.traffic_source = by_source.pattern

),

-- What happens within half an hour is one touch, seen by several eyes; the one that knows its campaign tells it.
gaps as (

    select
        *,
        coalesce(
            date_diff('minute', lag(occurred_at) over (partition by connection_id, contact_id order by occurred_at), occurred_at) > 30,
            true
        ) as is_new
    from placed

),

sessions as (

    select
        *,
        count(case when is_new then 1 end) over (
            partition by connection_id, contact_id order by occurred_at rows between unbounded preceding and current row
        ) as session_number
    from gaps

),

single_touches as (

    select
        connection_id,
        contact_id,
        session_number,
        min(occurred_at) as occurred_at,
        bool_or(touch_type = 'form_submission') as is_submission,
        arg_min(
            campaign_id, case when campaign_id is not null then 0 else 1 end
        ) as campaign_id,
        coalesce(
            arg_min(channel_id, case when campaign_id is not null then 0 when channel_id is not null then 1 else 2 end), 'direct'
        ) as channel_id
    from sessions
    group by connection_id, contact_id, session_number

),

final as (

    select
        single_touches.connection_id || '|' || single_touches.contact_id || '|' || single_touches.session_number as touch_id,
        connections.entity_id,
        single_touches.connection_id,
        single_touches.contact_id,
        employers.company_id,
        single_touches.occurred_at,
        single_touches.channel_id,
        single_touches.campaign_id,
        case when single_touches.is_submission then 'form_submission' else 'visit' end as touch_type
    from single_touches
    inner join connections on single_touches.connection_id = connections.connection_id
    cross join parameters
    left join employers
        on single_touches.connection_id = employers.connection_id and single_touches.contact_id = employers.contact_id
    where single_touches.occurred_at < parameters.as_of_date + interval 1 day

)

select * from final
