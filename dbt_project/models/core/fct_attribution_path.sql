-- Journeys as attribution reads them, within the look-back: the touches that led to a deal, won or lost, and those that led to none.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

conversions as (

    select * from {{ ref('fct_conversion') }}

),

touches as (

    select
        *,
        coalesce(company_id, 'contact|' || contact_id) as buyer
    from {{ ref('fct_touchpoint') }}

),

deals as (

    select * from {{ ref('int_growth_deals_stacked') }}

),

lost_deals as (

    select
        deals.connection_id,
        deals.deal_id,
        deals.company_id,
        deals.created_at,
        deals.closed_at
    from deals
    cross join parameters
    where
        deals.status = 'lost' and deals.deal_type = 'new'
        and deals.closed_at < parameters.as_of_date + interval 1 day

),

-- Firms that bought or did not, or may yet: their touches end no journey without a deal.
decided as (

    select
        connection_id,
        company_id
    from conversions
    union
    select
        connection_id,
        company_id
    from lost_deals
    union
    select
        connection_id,
        company_id
    from deals
    where status = 'open'

),

-- A touch counts if one of the buyer's people had it before the deal was won, within the look-back.
won as (

    select
        conversions.conversion_id as path_id,
        conversions.conversion_id,
        conversions.entity_id,
        touches.touch_id,
        touches.contact_id,
        touches.connection_id,
        touches.channel_id,
        touches.channel_basis,
        touches.campaign_id,
        touches.occurred_at,
        conversions.created_at as deal_created_at,
        'won' as deal_outcome,
        1 as conversions,
        0 as nulls,
        conversions.amount_rpt,
        {{ minor_unit('conversions.currency_rpt') }} as minor_unit
    from conversions
    inner join touches
        on
            conversions.connection_id = touches.connection_id
            and conversions.company_id = touches.company_id
            and conversions.converted_at >= touches.occurred_at
            and touches.occurred_at >= conversions.converted_at - interval {{ var('attribution_lookback_days') }} day

),

-- What a lost deal's people did until it was lost; a decision to compare with those that were won.
lost as (

    select
        'lost|' || lost_deals.connection_id || '|' || lost_deals.deal_id as path_id,
        cast(null as varchar) as conversion_id,
        touches.entity_id,
        touches.touch_id,
        touches.contact_id,
        touches.connection_id,
        touches.channel_id,
        touches.channel_basis,
        touches.campaign_id,
        touches.occurred_at,
        lost_deals.created_at as deal_created_at,
        'lost' as deal_outcome,
        0 as conversions,
        1 as nulls,
        cast(0 as decimal(20, 4)) as amount_rpt,
        cast(null as integer) as minor_unit
    from lost_deals
    inner join touches
        on
            lost_deals.connection_id = touches.connection_id
            and lost_deals.company_id = touches.company_id
            and lost_deals.closed_at >= touches.occurred_at
            and touches.occurred_at >= lost_deals.closed_at - interval {{ var('attribution_lookback_days') }} day

),

ends as (

    select
        touches.connection_id,
        touches.buyer,
        max(touches.occurred_at) as last_touch_at
    from touches
    left join decided on touches.connection_id = decided.connection_id and touches.company_id = decided.company_id
    where decided.company_id is null
    group by touches.connection_id, touches.buyer

),

-- What has not led to a deal in the time that a sale takes led to none.
without_deal as (

    select
        'none|' || touches.connection_id || '|' || touches.buyer as path_id,
        cast(null as varchar) as conversion_id,
        touches.entity_id,
        touches.touch_id,
        touches.contact_id,
        touches.connection_id,
        touches.channel_id,
        touches.channel_basis,
        touches.campaign_id,
        touches.occurred_at,
        cast(null as timestamp) as deal_created_at,
        cast(null as varchar) as deal_outcome,
        0 as conversions,
        1 as nulls,
        cast(0 as decimal(20, 4)) as amount_rpt,
        cast(null as integer) as minor_unit
    from touches
    inner join ends on touches.connection_id = ends.connection_id and touches.buyer = ends.buyer
    cross join parameters
    where
        ends.last_touch_at < parameters.as_of_date - interval {{ var('default_sales_cycle_days') }} day
        and touches.occurred_at >= ends.last_touch_at - interval {{ var('attribution_lookback_days') }} day

),

paths as (

    select * from won
    union all
    select * from lost
    union all
    select * from without_deal

),

leads as (

    select
        connection_id,
        contact_id,
        touch_id,
        lead_at
    from {{ ref('fct_lead') }}
    where touch_id is not null

),

placed as (

    select
        paths.*,
        row_number() over (partition by paths.path_id order by paths.occurred_at, paths.touch_id) as position,
        min(leads.lead_at) over (partition by paths.path_id) as first_lead_at,
        leads.lead_at,
        max(case when paths.occurred_at <= paths.deal_created_at then paths.occurred_at end) over (partition by paths.path_id)
            as last_touch_before_deal_at
    from paths
    left join leads
        on paths.connection_id = leads.connection_id and paths.contact_id = leads.contact_id and paths.touch_id = leads.touch_id

),

final as (

    select
        path_id,
        conversion_id,
        entity_id,
        position,
        touch_id,
        channel_id,
        channel_basis,
        campaign_id,
        occurred_at as touched_at,
        coalesce(
            row_number() over (partition by path_id order by case when lead_at = first_lead_at then 0 else 1 end, position) = 1
            and lead_at = first_lead_at,
            false
        ) as is_lead_creation,
        coalesce(
            row_number() over (
                partition by path_id order by case when occurred_at = last_touch_before_deal_at then 0 else 1 end, position desc
            ) = 1
            and occurred_at = last_touch_before_deal_at,
            false
        ) as is_opportunity_creation,
        deal_outcome,
        conversions,
        nulls,
        amount_rpt,
        minor_unit
    from placed

)

select * from final
