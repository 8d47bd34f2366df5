-- What the books say of won deals, divided by the weights of their touches: the same weights in every month, whatever
-- comes in or goes back in it.
with

amounts as (

    select * from {{ ref('fct_conversion_amount') }}

),

-- A channel's and a campaign's share of a deal is that of their touches.
weights as (

    select
        conversion_id,
        attribution_model,
        channel_id,
        campaign_id,
        sum(weight) as weight
    from {{ ref('fct_attribution') }}
    group by conversion_id, attribution_model, channel_id, campaign_id

),

models as (

    select unnest({{ var('attribution_models') }}) as attribution_model

),

shared as (

    select
        amounts.entity_id,
        amounts.period_month,
        weights.attribution_model,
        weights.channel_id,
        weights.campaign_id,
        cast(weights.weight * amounts.billed_rpt as decimal(38, 16)) as billed_rpt,
        cast(weights.weight * amounts.recognised_rpt as decimal(38, 16)) as recognised_rpt,
        cast(weights.weight * amounts.gross_margin_rpt as decimal(38, 16)) as gross_margin_rpt,
        amounts.currency_rpt
    from amounts
    inner join weights on amounts.conversion_id = weights.conversion_id
    union all
    -- What no deal explains is nobody's, under every model.
    select
        amounts.entity_id,
        amounts.period_month,
        models.attribution_model,
        amounts.revenue_source as channel_id,
        cast(null as varchar) as campaign_id,
        cast(amounts.billed_rpt as decimal(38, 16)) as billed_rpt,
        cast(amounts.recognised_rpt as decimal(38, 16)) as recognised_rpt,
        cast(amounts.gross_margin_rpt as decimal(38, 16)) as gross_margin_rpt,
        amounts.currency_rpt
    from amounts
    cross join models
    where amounts.conversion_id is null

),

-- A sum of which a part has no rate is unknown.
summed as (

    select
        entity_id,
        period_month,
        attribution_model,
        channel_id,
        campaign_id,
        case when count(billed_rpt) = count(*) then cast(sum(billed_rpt) as decimal(38, 16)) end as billed_rpt,
        case when count(recognised_rpt) = count(*) then cast(sum(recognised_rpt) as decimal(38, 16)) end as recognised_rpt,
        case when count(gross_margin_rpt) = count(*) then cast(sum(gross_margin_rpt) as decimal(38, 16)) end as gross_margin_rpt,
        min(currency_rpt) as currency_rpt
    from shared
    group by entity_id, period_month, attribution_model, channel_id, campaign_id

),

totals as (

    select
        entity_id,
        period_month,
        sum(billed_rpt) as billed_total,
        sum(recognised_rpt) as recognised_total,
        sum(gross_margin_rpt) as gross_margin_total
    from amounts
    group by entity_id, period_month

),

exact as (

    select
        summed.*,
        totals.billed_total,
        totals.recognised_total,
        totals.gross_margin_total
    from summed
    inner join totals on summed.entity_id = totals.entity_id and summed.period_month = totals.period_month

),

divided as (

    {{ largest_remainder(
        'exact', ['entity_id', 'period_month', 'attribution_model'], ['channel_id', 'campaign_id'],
        [('billed_rpt', 'billed_total'), ('recognised_rpt', 'recognised_total'), ('gross_margin_rpt', 'gross_margin_total')], 'currency_rpt'
    ) }}

),

final as (

    select
        entity_id,
        period_month,
        attribution_model,
        channel_id,
        campaign_id,
        billed_rpt,
        recognised_rpt,
        gross_margin_rpt,
        currency_rpt
    from divided

)

select * from final
