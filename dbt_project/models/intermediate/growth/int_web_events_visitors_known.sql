with

events as (

    select * from {{ ref('stg_web_events__events') }}

),

patterns as (

    select * from {{ ref('bot_patterns') }}

),

staff_domains as (

    select * from {{ ref('staff_domains') }}

),

agents as (

    select distinct user_agent from events
    where user_agent is not null

),

bots as (

    select distinct agents.user_agent
    from agents
    inner join patterns on lower(agents.user_agent) like patterns.pattern

),

-- A person's address is that of the firm where its domain is the site's own, or one that the firm has named.
marked as (

    select
        events.connection_id,
        events.visitor_id,
        events.user_id,
        events.email,
        events.occurred_at,
        bots.user_agent is not null as is_bot,
        staff_domains.domain is not null
        or coalesce(events.page_host = split_part(events.email, '@', 2), false)
        or coalesce(ends_with(events.page_host, '.' || split_part(events.email, '@', 2)), false) as is_staff
    from events
    left join bots on events.user_agent = bots.user_agent
    left join staff_domains on split_part(events.email, '@', 2) = lower(staff_domains.domain)

),

final as (

    select
        connection_id,
        visitor_id,
        arg_max(user_id, occurred_at) filter (where user_id is not null) as user_id,
        arg_max(email, occurred_at) filter (where email is not null) as email,
        bool_or(is_bot) as is_bot,
        bool_or(is_staff) as is_staff
    from marked
    group by connection_id, visitor_id

)

select * from final
