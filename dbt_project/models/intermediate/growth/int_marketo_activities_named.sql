with

activities as (

    select * from {{ ref('stg_marketo__activities') }}

),

kinds as (

    select * from {{ ref('stg_marketo__activity_types') }}

),

merged_leads as (

    select * from {{ ref('int_marketo_merges_listed') }}

),

final as (

    select
        activities.connection_id,
        activities.activity_id,
        activities.lead_id,
        activities.occurred_at,
        activities.smart_campaign_id,
        activities.asset_id,
        activities.asset_name,
        activities.query_parameters,
        activities.referrer_url,
        activities.link_url,
        activities.new_value,
        activities.new_status,
        lower(kinds.activity_type_name) as activity_kind,
        coalesce(merged_leads.winner_id, activities.lead_id) as person_id
    from activities
    inner join kinds
        on activities.connection_id = kinds.connection_id and activities.activity_type_id = kinds.activity_type_id
    left join merged_leads on activities.connection_id = merged_leads.connection_id and activities.lead_id = merged_leads.loser_id

)

select * from final
