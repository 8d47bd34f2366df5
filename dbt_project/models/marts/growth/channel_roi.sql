{% set kinds = ['media', 'creative', 'events', 'personnel', 'technology', 'overhead', 'unmapped'] -%}
{% set told_by = {
    'spent': ['cost_total', 'costs_without_rate'],
    'led': ['leads', 'mqls', 'opps'],
    'credited': ['new_customers', 'attributed_revenue', 'credits_without_rate'],
    'booked': ['attributed_billings', 'attributed_recognised', 'attributed_gross_margin', 'books_without_rate'],
} -%}
{% for kind in kinds %}{% do told_by['spent'].append('cost_' ~ kind) %}{% endfor -%}
{% set measures = told_by.values() | sum(start=[]) -%}
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

models as (

    select unnest({{ var('attribution_models') }}) as attribution_model

),

costs as (

    select
        costs.entity_id,
        coalesce(campaigns.channel_id, 'unassigned') as channel,
        costs.period_month,
        costs.cost_kind,
        costs.cost_rpt
    from {{ ref('fct_campaign_cost_kind') }} as costs
    left join {{ ref('dim_campaign') }} as campaigns
        on costs.entity_id = campaigns.entity_id and costs.campaign_id = campaigns.campaign_id

),

spent as (

    select
        costs.entity_id,
        costs.channel,
        costs.period_month,
        models.attribution_model,
        costs.cost_rpt as cost_total,
        {%- for kind in kinds %}
            case when costs.cost_kind = '{{ kind }}' then costs.cost_rpt end as cost_{{ kind }},
        {%- endfor %}
        case when costs.cost_rpt is null then 1 else 0 end as costs_without_rate
    from costs
    cross join models

),

led as (

    select
        leads.entity_id,
        leads.channel_id as channel,
        leads.period_month,
        models.attribution_model,
        count(*) as leads,
        count(leads.mql_at) as mqls,
        count(leads.sql_at) as opps
    from {{ ref('fct_lead') }} as leads
    cross join models
    group by leads.entity_id, leads.channel_id, leads.period_month, models.attribution_model

),

credited as (

    select
        entity_id,
        channel_id as channel,
        period_month,
        attribution_model,
        sum(weight) as new_customers,
        sum(credit_amount_rpt) as attributed_revenue,
        count(*) - count(credit_amount_rpt) as credits_without_rate
    from {{ ref('revenue_attribution') }}
    group by entity_id, channel_id, period_month, attribution_model

),

booked as (

    select
        entity_id,
        channel_id as channel,
        period_month,
        attribution_model,
        billed_rpt as attributed_billings,
        recognised_rpt as attributed_recognised,
        gross_margin_rpt as attributed_gross_margin,
        case when billed_rpt is null or recognised_rpt is null or gross_margin_rpt is null then 1 else 0 end as books_without_rate
    from {{ ref('fct_attributed_amount') }}

),

-- A sum of which a part has no rate is unknown: such parts are counted. Cost and leads are the same under every model.
facts as (

    {% for part, names in told_by.items() %}
        select
            entity_id,
            channel,
            period_month,
            attribution_model
            {%- for name in measures %},
                {{ name if name in names else 'null' }} as {{ name }}
            {%- endfor %}
        from {{ part }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- By month, and to date.
summed as (

    select
        entity_id,
        channel,
        attribution_model,
        case when grouping(period_month) = 1 then 'to_date' else 'month' end as period_kind,
        {%- for measure in measures %}
            coalesce(sum({{ measure }}), 0) as {{ measure }},
        {%- endfor %}
        coalesce(period_month, max(period_month)) as period_month
    from facts
    group by grouping sets ((entity_id, channel, attribution_model, period_month), (entity_id, channel, attribution_model))

),

known as (

    select
        summed.* replace (
            case when costs_without_rate = 0 then cost_total end as cost_total,
            {%- for kind in kinds %}
                case when costs_without_rate = 0 then cost_{{ kind }} end as cost_{{ kind }},
            {%- endfor %}
            case when credits_without_rate = 0 then attributed_revenue end as attributed_revenue,
            case when books_without_rate = 0 then attributed_billings end as attributed_billings,
            case when books_without_rate = 0 then attributed_recognised end as attributed_recognised,
            case when books_without_rate = 0 then attributed_gross_margin end as attributed_gross_margin
        ),
        channels.channel_id is not null as is_channel,
        period_kind = 'month' and last_day(period_month) > parameters.as_of_date - {{ var('default_sales_cycle_days') }} as is_young,
        parameters.reporting_currency as currency_rpt
    from summed
    cross join parameters
    left join {{ ref('dim_channel') }} as channels on summed.channel = channels.channel_id

),

final as (

    select
        entity_id,
        channel,
        attribution_model,
        period_kind,
        period_month,
        cast(cost_total as decimal(20, 4)) as cost_total,
        {%- for kind in kinds %}
            cast(cost_{{ kind }} as decimal(20, 4)) as cost_{{ kind }},
        {%- endfor %}
        cast(leads as bigint) as leads,
        cast(mqls as bigint) as mqls,
        cast(opps as bigint) as opps,
        cast(new_customers as decimal(18, 6)) as new_customers,
        cast(attributed_revenue as decimal(20, 4)) as attributed_revenue,
        cast(attributed_billings as decimal(20, 4)) as attributed_billings,
        cast(attributed_recognised as decimal(20, 4)) as attributed_recognised,
        cast(attributed_gross_margin as decimal(20, 4)) as attributed_gross_margin,
        cast(case when cost_total <> 0 then (attributed_revenue - cost_total) * 100 / cost_total end as decimal(20, 4)) as roi_pct,
        cast(case when cost_total <> 0 then (attributed_gross_margin - cost_total) * 100 / cost_total end as decimal(20, 4))
            as margin_roi_pct,
        cast(case when cost_media <> 0 then attributed_revenue / cost_media end as decimal(20, 6)) as media_roas_x,
        cast(case when leads > 0 then cost_total / leads end as decimal(20, 4)) as cpl,
        cast(case when new_customers > 0 then cost_total / new_customers end as decimal(20, 4)) as cac,
        case
            when channel = 'unassigned' then 'unassigned'
            when not is_channel then 'not_attributed'
            when cost_total is null or attributed_revenue is null then 'missing_rate'
            when cost_total = 0 then 'no_cost'
            when is_young then 'immature'
            when attributed_revenue = 0 then 'no_revenue'
            else 'ok'
        end as roi_status,
        case
            when new_customers = 0 then 'no_customers'
            when cost_total is null then 'missing_rate'
            when cost_total = 0 then 'no_cost'
            else 'ok'
        end as cac_status,
        currency_rpt
    from known

)

select * from final
