with

contacts as (

    select contacts.*
    from {{ ref('stg_hubspot__contacts') }} as contacts
    left join {{ ref('stg_hubspot__merges') }} as contact_merges
        on
            contacts.connection_id = contact_merges.connection_id
            and contacts.contact_id = contact_merges.loser_id
            and contact_merges.object_type = 'contacts'
    where contact_merges.loser_id is null and not contacts.is_archived and contacts.lead_at is not null

),

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

touches as (

    select * from {{ ref('fct_touchpoint') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

-- A lead came by its last touch up to the moment at which it became one.
final as (

    select
        contacts.connection_id || '|' || contacts.contact_id as lead_id,
        connections.entity_id,
        contacts.connection_id,
        contacts.contact_id,
        contacts.lead_at,
        cast(date_trunc('month', contacts.lead_at) as date) as period_month,
        contacts.mql_at,
        contacts.sql_at,
        coalesce(touches.channel_id, 'direct') as channel_id,
        touches.campaign_id
    from contacts
    inner join connections on contacts.connection_id = connections.connection_id
    cross join parameters
    left join touches
        on
            contacts.connection_id = touches.connection_id
            and contacts.contact_id = touches.contact_id
            and touches.occurred_at <= contacts.lead_at + interval 1 hour
    where contacts.lead_at < parameters.as_of_date + interval 1 day
    qualify row_number() over (
        partition by contacts.connection_id, contacts.contact_id order by touches.occurred_at desc, touches.touch_id desc
    ) = 1

)

select * from final
