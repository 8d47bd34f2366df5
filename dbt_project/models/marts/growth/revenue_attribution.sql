with

credits as (

    select * from {{ ref('fct_attribution') }}

),

conversions as (

    select * from {{ ref('fct_conversion') }}

),

final as (

    select
        conversions.entity_id,
        credits.conversion_id,
        credits.attribution_model,
        credits.touch_id,
        credits.channel_id,
        credits.campaign_id,
        conversions.customer_id,
        conversions.company_id,
        cast(conversions.converted_at as date) as conversion_date,
        conversions.period_month,
        credits.weight,
        credits.credit_amount_rpt,
        conversions.amount_basis,
        conversions.currency_rpt
    from credits
    inner join conversions on credits.conversion_id = conversions.conversion_id

)

select * from final
