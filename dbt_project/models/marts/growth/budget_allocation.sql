with

responses as (

    select * from {{ ref('fct_channel_response') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

final as (

    select
        responses.entity_id,
        responses.channel_id as channel,
        '{{ var("budget_attribution_model") }}' as attribution_model,
        responses.status,
        responses.month_count,
        responses.spend_month_count,
        responses.outcome_month_count,
        responses.current_spend,
        responses.lowest_spend,
        responses.highest_spend,
        cast(responses.ceiling as decimal(20, 4)) as ceiling,
        cast(responses.half_spend as decimal(20, 4)) as half_spend,
        cast(responses.carry_over as decimal(9, 6)) as carry_over,
        cast(responses.r_squared as decimal(9, 6)) as r_squared,
        cast((responses.marginal_return - 1) * 100 as decimal(20, 4)) as marginal_roi_pct,
        cast((responses.marginal_return_low - 1) * 100 as decimal(20, 4)) as marginal_roi_low_pct,
        cast((responses.marginal_return_high - 1) * 100 as decimal(20, 4)) as marginal_roi_high_pct,
        coalesce(responses.recommended_spend, responses.current_spend) as recommended_spend,
        cast(coalesce(responses.recommended_spend, responses.current_spend) - responses.current_spend as decimal(20, 4)) as spend_change,
        cast((responses.recommended_marginal_return - 1) * 100 as decimal(20, 4)) as recommended_marginal_roi_pct,
        cast(responses.expected_outcome as decimal(20, 4)) as expected_revenue,
        cast(responses.recommended_outcome as decimal(20, 4)) as recommended_revenue,
        cast(responses.entity_gain as decimal(20, 4)) as expected_gain,
        cast(responses.entity_gain_low as decimal(20, 4)) as expected_gain_low,
        cast(responses.entity_gain_high as decimal(20, 4)) as expected_gain_high,
        parameters.as_of_date,
        parameters.reporting_currency as currency_rpt
    from responses
    cross join parameters

)

select * from final
