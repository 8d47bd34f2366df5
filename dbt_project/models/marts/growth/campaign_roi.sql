with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

-- A sum of which a part has no rate is unknown.
costs as (

    select
        entity_id,
        campaign_id,
        {{ whole_sum('cost_rpt') }} as cost_total,
        case when count(cost_rpt) = count(*) then sum(case when cost_source = 'platform' then cost_rpt else 0 end) end as cost_not_billed,
        min(currency_rpt) as currency_rpt
    from {{ ref('fct_campaign_cost') }}
    group by entity_id, campaign_id

),

{% set kinds = ['media', 'creative', 'events', 'personnel', 'technology', 'overhead', 'unmapped'] -%}
cost_kinds as (

    select
        entity_id,
        campaign_id,
        {%- for kind in kinds %}
            case when count(cost_rpt) = count(*) then sum(case when cost_kind = '{{ kind }}' then cost_rpt else 0 end) end
                as cost_{{ kind }},
        {%- endfor %}
        case when min(cost_source) = max(cost_source) then min(cost_source) else 'gl and platform' end as cost_source,
        min(period_month) as first_cost_month
    from {{ ref('fct_campaign_cost_kind') }}
    group by entity_id, campaign_id

),

-- What the books say of the deals that a campaign won.
book_months as (

    select
        entity_id,
        campaign_id,
        attribution_model,
        period_month,
        billed_rpt,
        recognised_rpt,
        gross_margin_rpt,
        sum(gross_margin_rpt)
            over (partition by entity_id, campaign_id, attribution_model order by period_month, channel_id)
            as margin_so_far
    from {{ ref('fct_attributed_amount') }}
    where campaign_id is not null

),

books as (

    select
        entity_id,
        campaign_id,
        attribution_model,
        {{ whole_sum('billed_rpt') }} as attributed_billings,
        {{ whole_sum('recognised_rpt') }} as attributed_recognised,
        {{ whole_sum('gross_margin_rpt') }} as attributed_gross_margin
    from book_months
    group by entity_id, campaign_id, attribution_model

),

-- The first month by whose end a campaign's margin had paid all that it cost.
paybacks as (

    select
        book_months.entity_id,
        book_months.campaign_id,
        book_months.attribution_model,
        min(book_months.period_month) as paid_back_month
    from book_months
    inner join costs on book_months.entity_id = costs.entity_id and book_months.campaign_id = costs.campaign_id
    where book_months.margin_so_far >= costs.cost_total and costs.cost_total > 0
    group by book_months.entity_id, book_months.campaign_id, book_months.attribution_model

),

credits as (

    select
        entity_id,
        campaign_id,
        attribution_model,
        {{ whole_sum('credit_amount_rpt') }} as attributed_revenue,
        sum(weight) as new_customers
    from {{ ref('revenue_attribution') }}
    where campaign_id is not null
    group by entity_id, campaign_id, attribution_model

),

leads as (

    select
        entity_id,
        campaign_id,
        count(*) as lead_count,
        count(mql_at) as mql_count,
        count(sql_at) as opp_count
    from {{ ref('fct_lead') }}
    where campaign_id is not null
    group by entity_id, campaign_id

),

paths as (

    select
        connection_id,
        company_id,
        min(occurred_at) as first_touch_at
    from {{ ref('fct_touchpoint') }}
    group by connection_id, company_id

),

-- From the first touch to the won deal: what a campaign must be given before its return is judged.
cycles as (

    select
        conversions.entity_id,
        median(date_diff('day', paths.first_touch_at, conversions.converted_at)) as sales_cycle_days
    from {{ ref('fct_conversion') }} as conversions
    inner join paths on conversions.connection_id = paths.connection_id and conversions.company_id = paths.company_id
    where paths.first_touch_at <= conversions.converted_at
    group by conversions.entity_id

),

-- Campaigns of which something is known, even before they start.
active as (

    select
        entity_id,
        campaign_id
    from costs
    union
    select
        entity_id,
        campaign_id
    from credits
    union
    select
        entity_id,
        campaign_id
    from {{ ref('fct_touchpoint') }}

),

models as (

    select unnest({{ var('attribution_models') }}) as attribution_model

),

listed as (

    select
        campaigns.entity_id,
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.channel_id,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.budget_amount,
        campaigns.currency
    from campaigns
    cross join parameters
    left join active on campaigns.entity_id = active.entity_id and campaigns.campaign_id = active.campaign_id
    where campaigns.start_date is null or campaigns.start_date <= parameters.as_of_date or active.campaign_id is not null
    union all
    select
        entity_id,
        campaign_id,
        'Marketing cost without a campaign' as campaign_name,
        'unassigned' as channel_id,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        cast(null as decimal(20, 4)) as budget_amount,
        cast(null as varchar) as currency
    from costs
    where campaign_id = 'unassigned'

),

measured as (

    select
        listed.*,
        models.attribution_model,
        cast(case when costs.campaign_id is null then 0 else costs.cost_total end as decimal(20, 4)) as cost_total,
        cast(case when costs.campaign_id is null then 0 else costs.cost_not_billed end as decimal(20, 4)) as cost_not_billed,
        cast(case when credits.campaign_id is null then 0 else credits.attributed_revenue end as decimal(20, 4)) as attributed_revenue,
        cast(coalesce(credits.new_customers, 0) as decimal(18, 6)) as new_customers,
        coalesce(leads.lead_count, 0) as leads,
        coalesce(leads.mql_count, 0) as mqls,
        coalesce(leads.opp_count, 0) as opps,
        {%- for kind in kinds %}
            cast(case when cost_kinds.campaign_id is null then 0 else cost_kinds.cost_{{ kind }} end as decimal(20, 4)) as cost_{{ kind }},
        {%- endfor %}
        coalesce(cost_kinds.cost_source, 'none') as cost_source,
        {%- for basis in ['billings', 'recognised', 'gross_margin'] %}
            cast(case when books.campaign_id is null then 0 else books.attributed_{{ basis }} end as decimal(20, 4))
                as attributed_{{ basis }},
        {%- endfor %}
        date_diff('month', least(cost_kinds.first_cost_month, paybacks.paid_back_month), paybacks.paid_back_month) + 1 as payback_months,
        coalesce(cycles.sales_cycle_days, {{ var('default_sales_cycle_days') }}) as sales_cycle_days,
        parameters.as_of_date,
        parameters.reporting_currency as currency_rpt
    from listed
    cross join models
    cross join parameters
    left join costs on listed.entity_id = costs.entity_id and listed.campaign_id = costs.campaign_id
    left join credits
        on
            listed.entity_id = credits.entity_id
            and listed.campaign_id = credits.campaign_id
            and models.attribution_model = credits.attribution_model
    left join cost_kinds on listed.entity_id = cost_kinds.entity_id and listed.campaign_id = cost_kinds.campaign_id
    left join books
        on
            listed.entity_id = books.entity_id
            and listed.campaign_id = books.campaign_id
            and models.attribution_model = books.attribution_model
    left join paybacks
        on
            listed.entity_id = paybacks.entity_id
            and listed.campaign_id = paybacks.campaign_id
            and models.attribution_model = paybacks.attribution_model
    left join leads on listed.entity_id = leads.entity_id and listed.campaign_id = leads.campaign_id
    left join cycles on listed.entity_id = cycles.entity_id

),

matured as (

    select
        *,
        cast(
            case
                when start_date is null then 100
                else least(
                    100,
                    greatest(
                        0, 100.0 * date_diff('day', start_date, as_of_date)
                        / (date_diff('day', start_date, coalesce(end_date, start_date)) + sales_cycle_days)
                    )
                )
            end as decimal(9, 2)
        ) as maturity_pct
    from measured

),

final as (

    select
        entity_id,
        campaign_id,
        campaign_name,
        channel_id as channel,
        attribution_model,
        start_date,
        end_date,
        budget_amount,
        currency as budget_currency,
        cost_total,
        cost_not_billed,
        attributed_revenue,
        cast(case when cost_total <> 0 then (attributed_revenue - cost_total) * 100 / cost_total end as decimal(20, 4)) as roi_pct,
        cast(case when cost_total <> 0 then attributed_revenue / cost_total end as decimal(20, 6)) as roas_x,
        cast(leads as bigint) as leads,
        new_customers,
        cast(case when leads > 0 then cost_total / leads end as decimal(20, 4)) as cpl,
        cast(case when new_customers > 0 then cost_total / new_customers end as decimal(20, 4)) as cac,
        maturity_pct,
        case
            when campaign_id = 'unassigned' then 'unassigned'
            when cost_total is null or attributed_revenue is null then 'missing_rate'
            when cost_total = 0 then 'no_cost'
            when maturity_pct < 100 then 'immature'
            when attributed_revenue = 0 then 'no_revenue'
            else 'ok'
        end as roi_status,
        {%- for kind in kinds %}
            cost_{{ kind }},
        {%- endfor %}
        cost_source,
        attributed_billings,
        attributed_recognised,
        attributed_gross_margin,
        cast(case when cost_total <> 0 then (attributed_gross_margin - cost_total) * 100 / cost_total end as decimal(20, 4))
            as margin_roi_pct,
        cast(case when cost_media <> 0 then attributed_revenue / cost_media end as decimal(20, 6)) as media_roas_x,
        cast(mqls as bigint) as mqls,
        cast(opps as bigint) as opps,
        cast(payback_months as bigint) as payback_months,
        case
            when cost_total is null or attributed_gross_margin is null then 'missing_rate'
            when cost_total = 0 then 'no_cost'
            when payback_months is null then 'not_yet'
            else 'paid_back'
        end as payback_status,
        currency_rpt
    from matured

)

select * from final
