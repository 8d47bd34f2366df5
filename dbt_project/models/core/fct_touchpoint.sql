with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

-- What the firm's own salespeople do (meetings, calls) is no touch of marketing; that a mail was opened is none of the person's will.
told as (

    select
        *,
        row_number() over (order by connection_id, person_id, email, occurred_at, touch_type, campaign_id, campaign_utm) as told_number
    from {{ ref('int_growth_touches_stacked') }}
    where touch_type not in ('meeting', 'call', 'email_open')

),

persons as (

    select * from {{ ref('bridge_person') }}

),

-- A system that knows an address only: the person who has it in a company that the connection serves.
addresses as (

    select distinct
        org_units.connection_id,
        persons.email,
        persons.entity_id,
        persons.contact_connection_id,
        persons.contact_id,
        persons.company_id
    from persons
    inner join {{ ref('bridge_org_unit') }} as org_units on persons.entity_id = org_units.entity_id
    where persons.email is not null

),

touches as (

    select
        told.*,
        coalesce(persons.entity_id, addresses.entity_id) as entity_id,
        coalesce(persons.contact_connection_id, addresses.contact_connection_id) as contact_connection_id,
        coalesce(persons.contact_id, addresses.contact_id) as contact_id,
        coalesce(persons.company_id, addresses.company_id) as company_id
    from told
    left join persons on told.connection_id = persons.connection_id and told.person_id = persons.person_id
    left join addresses
        on
            told.connection_id = addresses.connection_id
            and case when persons.person_id is null then lower(told.email) end = addresses.email
    where persons.person_id is not null or addresses.email is not null
    qualify row_number() over (
        partition by told.told_number order by addresses.entity_id, addresses.contact_connection_id, addresses.contact_id
    ) = 1

),

rules as (

    select * from {{ ref('channel_rules') }}

),

known_campaigns as (

    select * from {{ ref('bridge_campaign') }}
    where known_to = 'marketing'

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

tags as (

    select
        entity_id,
        campaign_utm,
        min(campaign_id) as campaign_id
    from campaigns
    where campaign_utm is not null
    group by entity_id, campaign_utm

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
    where match_field in ('traffic_source', 'channel_native')

),

placed as (

    select
        touches.entity_id,
        touches.contact_connection_id as connection_id,
        touches.contact_id,
        touches.company_id,
        touches.touch_type,
        touches.occurred_at,
        campaigns.campaign_id,
        coalesce(campaigns.channel_id, by_medium.channel_id, by_source.channel_id) as channel_id
    from touches
    left join known_campaigns
        on
            touches.entity_id = known_campaigns.entity_id
            and touches.connection_id = known_campaigns.connection_id
            and touches.campaign_id = known_campaigns.campaign_ref
    left join tags on touches.entity_id = tags.entity_id and lower(touches.campaign_utm) = tags.campaign_utm
    left join campaigns
        on touches.entity_id = campaigns.entity_id and coalesce(known_campaigns.campaign_id, tags.campaign_id) = campaigns.campaign_id
    left join by_medium on lower(touches.utm_medium) = by_medium.pattern
    left join by_source on lower(touches.traffic_source) = by_source.pattern

),

-- What happens within half an hour is one touch, seen by several eyes; the one that knows its campaign tells it, else the one that knows
-- more than that some link led there, or that none did; of those that know as much, the source that a lead has.
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
            partition by connection_id, contact_id order by occurred_at range between unbounded preceding and current row
        ) as session_number
    from gaps

),

ranked as (

    select
        *,
        case
            when campaign_id is not null then 0
            when channel_id = 'direct' then 3
            when channel_id in ('referral', 'offline', 'other') then 2
            else 1
        end as vagueness
    from sessions

),

single_touches as (

    select
        entity_id,
        connection_id,
        contact_id,
        session_number,
        any_value(company_id) as company_id,
        min(occurred_at) as occurred_at,
        first(
            touch_type order by case touch_type when 'form_submission' then 0 when 'visit' then 9 else 1 end, touch_type
        ) filter (where touch_type <> 'lead_source') as touch_type,
        first(campaign_id order by occurred_at, campaign_id) filter (where campaign_id is not null) as campaign_id,
        coalesce(
            first(
                channel_id
                order by
                    vagueness, case touch_type when 'lead_source' then 0 else 1 end, occurred_at, campaign_id, channel_id
            ) filter (where channel_id is not null),
            'direct'
        ) as channel_id,
        coalesce(
            first(channel_id order by vagueness, occurred_at, campaign_id, channel_id) filter (
                where channel_id is not null and touch_type <> 'lead_source'
            ),
            'direct'
        ) as seen_channel_id,
        coalesce(bool_or(touch_type = 'lead_source' and channel_id is not null), false) as has_lead_source
    from ranked
    group by entity_id, connection_id, contact_id, session_number
    having count(case when touch_type <> 'lead_source' then 1 end) > 0

),

final as (

    select
        single_touches.connection_id || '|' || single_touches.contact_id || '|' || single_touches.session_number as touch_id,
        single_touches.entity_id,
        single_touches.connection_id,
        single_touches.contact_id,
        single_touches.company_id,
        single_touches.occurred_at,
        single_touches.channel_id,
        single_touches.seen_channel_id,
        case
            when single_touches.campaign_id is not null then 'campaign'
            when single_touches.has_lead_source then 'lead_source'
            else 'seen'
        end as channel_basis,
        single_touches.campaign_id,
        single_touches.touch_type
    from single_touches
    cross join parameters
    where single_touches.occurred_at < parameters.as_of_date + interval 1 day

)

select * from final
