with

people as (

    select * from {{ ref('int_growth_people_stacked') }}

),

persons as (

    select * from {{ ref('bridge_person') }}

),

touches as (

    select * from {{ ref('fct_touchpoint') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

-- A person who is in several systems became a lead when the first of them says so.
leads as (

    select
        persons.entity_id,
        persons.contact_connection_id as connection_id,
        persons.contact_id,
        min(people.lead_at) as lead_at,
        min(people.mql_at) as mql_at,
        min(people.sql_at) as sql_at,
        min(people.disqualified_at) as disqualified_at
    from people
    inner join persons on people.connection_id = persons.connection_id and people.person_id = persons.person_id
    where people.lead_at is not null
    group by persons.entity_id, persons.contact_connection_id, persons.contact_id

),

-- A lead came by its last touch up to the moment at which it became one.
final as (

    select
        leads.connection_id || '|' || leads.contact_id as lead_id,
        leads.entity_id,
        leads.connection_id,
        leads.contact_id,
        leads.lead_at,
        cast(date_trunc('month', leads.lead_at) as date) as period_month,
        leads.mql_at,
        leads.sql_at,
        leads.disqualified_at,
        coalesce(touches.channel_id, 'direct') as channel_id,
        touches.campaign_id,
        touches.touch_id
    from leads
    cross join parameters
    left join touches
        on
            leads.connection_id = touches.connection_id
            and leads.contact_id = touches.contact_id
            and touches.occurred_at <= leads.lead_at + interval 1 hour
    where leads.lead_at < parameters.as_of_date + interval 1 day
    qualify row_number() over (
        partition by leads.connection_id, leads.contact_id order by touches.occurred_at desc, touches.touch_id desc
    ) = 1

)

select * from final
