with

credits as (

    select * from {{ ref('fct_attribution') }}

),

conversions as (

    select * from {{ ref('fct_conversion') }}

),

-- What a deal came to in the books so far.
books as (

    select
        conversion_id,
        {{ whole_sum('billed_rpt') }} as billed_rpt,
        {{ whole_sum('recognised_rpt') }} as recognised_rpt,
        {{ whole_sum('gross_margin_rpt') }} as gross_margin_rpt
    from {{ ref('fct_conversion_amount') }}
    where conversion_id is not null
    group by conversion_id

),

exact as (

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
        conversions.currency_rpt,
        case when books.conversion_id is null then 0 else books.billed_rpt end as billed_total,
        case when books.conversion_id is null then 0 else books.recognised_rpt end as recognised_total,
        case when books.conversion_id is null then 0 else books.gross_margin_rpt end as gross_margin_total,
        cast(credits.weight * billed_total as decimal(38, 16)) as attributed_billings,
        cast(credits.weight * recognised_total as decimal(38, 16)) as attributed_recognised,
        cast(credits.weight * gross_margin_total as decimal(38, 16)) as attributed_gross_margin
    from credits
    inner join conversions on credits.conversion_id = conversions.conversion_id
    left join books on credits.conversion_id = books.conversion_id

),

divided as (

    {{ largest_remainder(
        'exact', ['conversion_id', 'attribution_model'], ['touch_id', 'channel_id'],
        [
            ('attributed_billings', 'billed_total'),
            ('attributed_recognised', 'recognised_total'),
            ('attributed_gross_margin', 'gross_margin_total'),
        ],
        'currency_rpt'
    ) }}

),

final as (

    select
        entity_id,
        conversion_id,
        attribution_model,
        touch_id,
        channel_id,
        campaign_id,
        customer_id,
        company_id,
        conversion_date,
        period_month,
        weight,
        credit_amount_rpt,
        amount_basis,
        attributed_billings,
        attributed_recognised,
        attributed_gross_margin,
        currency_rpt
    from divided

)

select * from final
