-- An activity that names a deal alone was with the person of the deal.
with

activities as (

    select
        activities.connection_id,
        activities.activity_type,
        activities.occurred_at,
        coalesce(activities.person_id, deals.person_id) as person_id
    from {{ ref('stg_pipedrive__activities') }} as activities
    left join {{ ref('stg_pipedrive__deals') }} as deals
        on activities.connection_id = deals.connection_id and activities.deal_id = deals.deal_id
    where activities.is_done and activities.activity_type in ('call', 'meeting')

),

persons as (

    select * from {{ ref('stg_pipedrive__persons') }}

),

final as (

    select
        activities.connection_id,
        activities.person_id,
        persons.email,
        activities.occurred_at,
        activities.activity_type as touch_type,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as campaign_utm,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as traffic_source
    from activities
    inner join persons on activities.connection_id = persons.connection_id and activities.person_id = persons.person_id

)

select * from final
