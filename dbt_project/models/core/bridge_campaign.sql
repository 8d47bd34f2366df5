-- Which campaign of a system is which: of the same tag or the same name in one company, whatever the systems call it.
with

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

preferences as (

    select * from {{ ref('growth_systems') }}

),

marketed as (

    select
        org_units.entity_id,
        campaigns.connection_id,
        campaigns.campaign_id as campaign_ref,
        'marketing' as known_to,
        campaigns.campaign_name,
        lower(nullif(trim(campaigns.campaign_utm), '')) as campaign_utm,
        preferences.preference
    from {{ ref('int_growth_marketing_campaigns_stacked') }} as campaigns
    inner join org_units
        on campaigns.connection_id = org_units.connection_id and coalesce(trim(campaigns.org_unit_ref), '') = org_units.org_unit_ref
    inner join preferences on campaigns.source_system = preferences.source_system

),

-- Books may keep the first forty characters of a name only: where one campaign begins so, it is meant.
cut_names as (

    select
        entity_id,
        left(lower(trim(campaign_name)), 40) as cut_name,
        min(campaign_name) as campaign_name
    from marketed
    where length(trim(campaign_name)) > 40
    group by entity_id, left(lower(trim(campaign_name)), 40)
    having count(distinct lower(trim(campaign_name))) = 1

),

known as (

    select * from marketed
    union all
    -- Books of several companies in one connection share their campaigns.
    select
        entities.entity_id,
        campaigns.connection_id,
        campaigns.campaign_ref,
        'books' as known_to,
        coalesce(cut_names.campaign_name, campaigns.campaign_name) as campaign_name,
        cast(null as varchar) as campaign_utm,
        99 as preference
    from {{ ref('int_ledger_campaigns_stacked') }} as campaigns
    inner join entities on campaigns.connection_id = entities.connection_id
    left join cut_names on entities.entity_id = cut_names.entity_id and lower(trim(campaigns.campaign_name)) = cut_names.cut_name

),

numbered as (

    select
        *,
        row_number() over (order by entity_id, preference, connection_id, campaign_ref) as place
    from known

),

-- Of one name, then of one tag: the first that knows it tells what it is called.
by_name as (

    select
        *,
        min(place) over (partition by entity_id, lower(trim(campaign_name))) as name_place
    from numbered

),

by_tag as (

    select
        *,
        case
            when campaign_utm is not null then min(name_place) over (partition by entity_id, campaign_utm)
            else name_place
        end as tag_place
    from by_name

),

settled as (

    select
        *,
        min(tag_place) over (partition by entity_id, name_place) as campaign_place
    from by_tag

),

final as (

    select
        settled.entity_id,
        settled.connection_id,
        settled.campaign_ref,
        settled.known_to,
        leaders.connection_id || '|' || leaders.campaign_ref as campaign_id
    from settled
    inner join numbered as leaders on settled.campaign_place = leaders.place

)

select * from final
