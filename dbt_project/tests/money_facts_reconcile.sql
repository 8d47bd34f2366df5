-- The money facts of campaigns hold every cent of the linear model and of campaign cost, once.
select 'revenue' as what, sum(revenue_amount) as told, (select sum(credit_amount_rpt) from {{ ref('revenue_attribution') }} where attribution_model = 'linear') as known
from {{ ref('financial_revenue_attribution') }}
having coalesce(told, 0) <> coalesce(known, 0)
union all
select 'cost' as what, sum(campaign_cost) as told, (select sum(cost_rpt) from {{ ref('fct_campaign_cost') }}) as known
from {{ ref('financial_revenue_attribution') }}
having coalesce(told, 0) <> coalesce(known, 0)
