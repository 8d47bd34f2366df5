-- Attributed and unattributed credit of every model is the revenue of the conversion, to the cent; weights sum to one.
select
    credits.conversion_id,
    credits.attribution_model,
    sum(credits.credit_amount_rpt) as credited,
    any_value(conversions.amount_rpt) as revenue,
    sum(credits.weight) as weight
from {{ ref('revenue_attribution') }} as credits
inner join {{ ref('fct_conversion') }} as conversions on credits.conversion_id = conversions.conversion_id
group by credits.conversion_id, credits.attribution_model
having sum(credits.credit_amount_rpt) <> any_value(conversions.amount_rpt) or abs(sum(credits.weight) - 1) > 0.000000001
union all
select
    conversions.conversion_id,
    'none' as attribution_model,
    0 as credited,
    conversions.amount_rpt as revenue,
    0 as weight
from {{ ref('fct_conversion') }} as conversions
left join {{ ref('revenue_attribution') }} as credits on conversions.conversion_id = credits.conversion_id
where credits.conversion_id is null
