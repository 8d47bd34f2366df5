with

conversions as (

    select * from {{ ref('fct_conversion') }}

),

touches as (

    select * from {{ ref('fct_touchpoint') }}
    where company_id is not null

),

-- A touch counts if one of the buyer's people had it before the deal was won, within the look-back.
paths as (

    select
        conversions.conversion_id,
        touches.touch_id,
        touches.channel_id,
        touches.campaign_id,
        row_number() over path as position,
        row_number() over (partition by conversions.conversion_id order by touches.touch_id) as share_number,
        count(*) over (partition by conversions.conversion_id) as path_length
    from conversions
    inner join touches
        on
            conversions.connection_id = touches.connection_id
            and conversions.company_id = touches.company_id
            and conversions.converted_at >= touches.occurred_at
            and touches.occurred_at >= conversions.converted_at - interval {{ var('attribution_lookback_days') }} day
    window path as (partition by conversions.conversion_id order by touches.occurred_at, touches.touch_id)

),

weights as (

    select
        conversion_id,
        touch_id,
        channel_id,
        campaign_id,
        position,
        share_number,
        path_length,
        unnest(['first', 'last', 'linear']) as attribution_model
    from paths

),

-- Whole shares so far, so that what each touch gets adds up to one and to the amount, to the last digit. Equal shares are counted in
-- the order of identities: which of them gets the odd cent does not depend on the order of events.
ranges as (

    select
        *,
        cast(
            case attribution_model
                when 'first' then case when position = 1 then 0 else 1 end
                when 'last' then 0
                else (share_number - 1) / path_length
            end as decimal(18, 12)
        ) as share_before,
        cast(
            case attribution_model
                when 'first' then 1
                when 'last' then case when position = path_length then 1 else 0 end
                else share_number / path_length
            end as decimal(18, 12)
        ) as share_after
    from weights

),

attributed as (

    select
        conversion_id,
        attribution_model,
        touch_id,
        channel_id,
        campaign_id,
        cast(share_after - share_before as decimal(18, 12)) as weight,
        share_before,
        share_after
    from ranges
    where share_after > share_before

),

-- What no touch explains stays visible, so that the sum is always the revenue.
unattributed as (

    select
        conversions.conversion_id,
        unnest(['first', 'last', 'linear']) as attribution_model,
        'unattributed' as touch_id,
        'unattributed' as channel_id,
        cast(null as varchar) as campaign_id,
        cast(1 as decimal(18, 12)) as weight,
        0 as share_before,
        1 as share_after
    from conversions
    left join paths on conversions.conversion_id = paths.conversion_id
    where paths.conversion_id is null

),

every_share as (

    select * from attributed
    union all
    select * from unattributed

),

final as (

    select
        conversions.entity_id,
        every_share.conversion_id,
        every_share.attribution_model,
        every_share.touch_id,
        every_share.channel_id,
        every_share.campaign_id,
        conversions.customer_id,
        conversions.company_id,
        cast(conversions.converted_at as date) as conversion_date,
        conversions.period_month,
        every_share.weight,
        cast(
            {{ posted('conversions.amount_rpt * every_share.share_after', 'conversions.currency_rpt') }}
            - {{ posted('conversions.amount_rpt * every_share.share_before', 'conversions.currency_rpt') }} as decimal(20, 4)
        ) as credit_amount_rpt,
        conversions.amount_basis,
        conversions.currency_rpt
    from every_share
    inner join conversions on every_share.conversion_id = conversions.conversion_id

)

select * from final
