with

events as (

    select * from {{ ref('stg_web_events__events') }}

),

visitors as (

    select * from {{ ref('int_web_events_visitors_known') }}

),

channel_rules as (

    select * from {{ ref('channel_rules') }}

),

referrer_rules as (

    select * from {{ ref('referrer_rules') }}

),

mediums as (

    select distinct utm_medium from events
    where utm_medium is not null

),

advertised as (

    select distinct mediums.utm_medium
    from mediums
    inner join channel_rules on mediums.utm_medium like channel_rules.pattern
    where
        channel_rules.match_field = 'utm_medium'
        and channel_rules.channel_id in ('paid_search', 'paid_social', 'display')

),

hosts as (

    select distinct referrer_host from events
    where referrer_host is not null

),

referred as (

    select
        hosts.referrer_host,
        referrer_rules.traffic_source
    from hosts
    inner join referrer_rules on hosts.referrer_host like referrer_rules.pattern
    qualify row_number() over (partition by hosts.referrer_host order by referrer_rules.rule_order) = 1

),

-- A host that no rule names, and that sends visitors with the firm's own tags, is one where the firm is present: nine in ten of its tagged
-- visits, and not just a stray one in ten of all, are of one medium. Who comes from there untagged came that way too.
sent as (

    select
        referrer_host,
        utm_medium,
        count(*) as visits,
        sum(count(*)) over (partition by referrer_host) as all_visits,
        sum(case when utm_medium is not null then count(*) end) over (partition by referrer_host) as tagged_visits
    from events
    where event_type = 'page' and referrer_host is not null and referrer_host != coalesce(page_host, '-')
    group by referrer_host, utm_medium

),

present as (

    select
        sent.referrer_host,
        channel_rules.channel_id as traffic_source
    from sent
    inner join channel_rules on sent.utm_medium = channel_rules.pattern and channel_rules.match_field = 'utm_medium'
    where 10 * sent.visits >= 9 * sent.tagged_visits and 10 * sent.visits >= sent.all_visits

),

-- A page that was reached from another page of the site goes on with a visit and begins none.
told as (

    select
        *,
        case
            when event_type = 'track' and lower(event_name) like '%form%submi%' then 'form_submission'
            when event_type = 'page' and coalesce(referrer_host, '') != coalesce(page_host, '-') then 'page'
        end as touch_kind
    from events

),

final as (

    select
        told.connection_id,
        coalesce(visitors.user_id, told.visitor_id) as person_id,
        visitors.email,
        told.occurred_at,
        case
            when told.touch_kind = 'form_submission' then 'form_submission'
            when advertised.utm_medium is not null then 'ad_click'
            else 'visit'
        end as touch_type,
        cast(null as varchar) as campaign_id,
        told.utm_campaign as campaign_utm,
        told.utm_medium,
        case
            when told.referrer_host is null then 'direct_traffic'
            else coalesce(referred.traffic_source, present.traffic_source, 'referrals')
        end as traffic_source
    from told
    inner join visitors on told.connection_id = visitors.connection_id and told.visitor_id = visitors.visitor_id
    left join advertised on told.utm_medium = advertised.utm_medium
    left join referred on told.referrer_host = referred.referrer_host
    left join present on told.referrer_host = present.referrer_host
    where told.touch_kind is not null and not visitors.is_bot and not visitors.is_staff

)

select * from final
