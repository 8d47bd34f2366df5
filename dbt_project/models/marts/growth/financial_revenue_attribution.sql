-- Money facts of campaigns, one fact a row: a share of revenue that a customer brought, or a month's cost. Cost never stands on a
-- customer's row, so that sums over any customers, campaigns and days are right; it is null there and not zero, so that the return
-- on no cost at all is unknown and not infinite.
with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

credits as (

    select * from {{ ref('revenue_attribution') }}
    where attribution_model = 'linear'

),

costs as (

    select * from {{ ref('fct_campaign_cost') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

revenue_rows as (

    select
        credits.entity_id,
        coalesce(credits.campaign_id, 'unattributed') as campaign_id,
        credits.channel_id,
        credits.conversion_date as campaign_date,
        coalesce(credits.customer_id, 'crm|' || credits.company_id) as customer_id,
        credits.credit_amount_rpt as revenue_amount,
        cast(null as decimal(20, 4)) as campaign_cost,
        credits.currency_rpt
    from credits

),

cost_rows as (

    select
        costs.entity_id,
        costs.campaign_id,
        coalesce(campaigns.channel_id, 'unassigned') as channel_id,
        least(last_day(costs.period_month), parameters.as_of_date) as campaign_date,
        cast(null as varchar) as customer_id,
        cast(0 as decimal(20, 4)) as revenue_amount,
        costs.cost_rpt as campaign_cost,
        costs.currency_rpt
    from costs
    cross join parameters
    left join campaigns on costs.entity_id = campaigns.entity_id and costs.campaign_id = campaigns.campaign_id
    where costs.cost_rpt <> 0

),

facts as (

    select * from revenue_rows
    union all
    select * from cost_rows

),

final as (

    select
        facts.entity_id,
        facts.campaign_id,
        case facts.campaign_id
            when 'unattributed' then 'No campaign'
            when 'unassigned' then 'Marketing cost without a campaign'
            else campaigns.campaign_name
        end as campaign_name,
        facts.channel_id as channel,
        facts.campaign_date,
        facts.customer_id,
        facts.revenue_amount,
        facts.campaign_cost,
        facts.currency_rpt
    from facts
    left join campaigns on facts.entity_id = campaigns.entity_id and facts.campaign_id = campaigns.campaign_id

)

select * from final
