-- A system of sales, marketing or planning may serve several companies of the group, and calls each by its name.
with

told as (

    {% for shape in ['companies', 'people', 'deals', 'sellers', 'marketing_campaigns', 'campaign_spend', 'emails'] %}
        select
            connection_id,
            org_unit_ref
        from {{ ref('int_growth_' ~ shape ~ '_stacked') }}
        {% if not loop.last %}
            union
        {% endif %}
    {% endfor %}
    {% for shape in ['plan_versions', 'plan_entries', 'plan_drivers', 'plan_targets'] %}
        union
        select
            connection_id,
            org_unit_ref
        from {{ ref('int_planning_' ~ shape ~ '_stacked') }}
    {% endfor %}

),

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

refs as (

    select
        connection_id,
        '' as org_unit_ref
    from connections
    union
    select
        connection_id,
        trim(org_unit_ref) as org_unit_ref
    from told
    where org_unit_ref is not null

),

-- What names no company that the hub has books of belongs to the one of the connection.
final as (

    select
        refs.connection_id,
        refs.org_unit_ref,
        coalesce(min(entities.entity_id), any_value(connections.entity_id)) as entity_id,
        refs.org_unit_ref <> '' and count(entities.entity_id) = 0 as is_unknown
    from refs
    inner join connections on refs.connection_id = connections.connection_id
    left join entities on lower(refs.org_unit_ref) = lower(entities.entity_name)
    group by refs.connection_id, refs.org_unit_ref

)

select * from final
