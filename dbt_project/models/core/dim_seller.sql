with

sellers as (

    select * from {{ ref('int_growth_sellers_stacked') }}

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

told as (

    select
        sellers.connection_id || '|' || sellers.owner_id as seller_id,
        org_units.entity_id,
        sellers.source_system,
        sellers.connection_id,
        sellers.owner_id,
        sellers.seller_name,
        lower(sellers.email) as email,
        coalesce(sellers.team_name, entities.entity_name, 'unassigned') as team_name,
        coalesce(sellers.is_active, false) as is_active,
        true as is_listed
    from sellers
    left join org_units
        on sellers.connection_id = org_units.connection_id and coalesce(trim(sellers.org_unit_ref), '') = org_units.org_unit_ref
    left join entities on org_units.entity_id = entities.entity_id

),

-- Who owns a deal and is in no list of users any more.
gone as (

    select
        deals.seller_id,
        min(deals.entity_id) as entity_id,
        min(deals.source_system) as source_system,
        min(deals.connection_id) as connection_id
    from {{ ref('fct_deal') }} as deals
    anti join told on deals.seller_id = told.seller_id
    where deals.seller_id is not null
    group by deals.seller_id

),

final as (

    select * from told
    union all
    select
        seller_id,
        entity_id,
        source_system,
        connection_id,
        substr(seller_id, length(connection_id) + 2) as owner_id,
        'unknown' as seller_name,
        cast(null as varchar) as email,
        'unassigned' as team_name,
        false as is_active,
        false as is_listed
    from gone

)

select * from final
