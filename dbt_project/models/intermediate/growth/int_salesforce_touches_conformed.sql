with

persons as (

    select * from {{ ref('int_salesforce_persons_resolved') }}

),

people as (

    select * from {{ ref('int_salesforce_people_conformed') }}

),

campaigns as (

    select * from {{ ref('stg_salesforce__campaigns') }}

),

members as (

    select * from {{ ref('stg_salesforce__campaign_members') }}

),

tasks as (

    select * from {{ ref('stg_salesforce__tasks') }}

),

events as (

    select * from {{ ref('stg_salesforce__events') }}

),

-- The day of an answer is told, not its hour: where the member was added on that day, then.
answers as (

    select
        members.connection_id,
        coalesce(members.contact_id, members.lead_id) as record_id,
        case
            when members.first_responded_date <> cast(members.created_at as date) then cast(members.first_responded_date as timestamp)
            else members.created_at
        end as occurred_at,
        case
            when regexp_matches(lower(members.status), 'form|submit|download') then 'form_submission'
            when regexp_matches(lower(campaigns.campaign_type), 'webinar') then 'webinar_attended'
            when regexp_matches(lower(campaigns.campaign_type), 'event|trade show|conference|seminar') then 'event_attended'
            when regexp_matches(lower(campaigns.campaign_type), 'email|e-mail') then 'email_click'
            when regexp_matches(lower(campaigns.campaign_type), 'paid|display|advertis|banner|search') then 'ad_click'
            else 'visit'
        end as touch_type,
        members.campaign_id,
        campaigns.campaign_utm,
        campaigns.campaign_type as traffic_source
    from members
    left join campaigns on members.connection_id = campaigns.connection_id and members.campaign_id = campaigns.campaign_id
    where members.has_responded

),

talks as (

    select
        connection_id,
        who_id as record_id,
        coalesce(completed_at, cast(activity_date as timestamp), created_at) as occurred_at,
        'call' as touch_type
    from tasks
    where is_closed and (task_subtype = 'Call' or task_type = 'Call')
    union all
    select
        connection_id,
        who_id as record_id,
        coalesce(started_at, cast(activity_date as timestamp), created_at) as occurred_at,
        case when event_type = 'Call' then 'call' else 'meeting' end as touch_type
    from events

),

touches as (

    select * from answers
    union all
    select
        connection_id,
        record_id,
        occurred_at,
        touch_type,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as campaign_utm,
        cast(null as varchar) as traffic_source
    from talks

),

final as (

    select
        touches.connection_id,
        people.person_id,
        people.email,
        touches.occurred_at,
        touches.touch_type,
        touches.campaign_id,
        touches.campaign_utm,
        cast(null as varchar) as utm_medium,
        touches.traffic_source
    from touches
    inner join persons on touches.connection_id = persons.connection_id and touches.record_id = persons.record_id
    inner join people on persons.connection_id = people.connection_id and persons.person_id = people.person_id

)

select * from final
