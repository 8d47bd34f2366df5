-- What came of each forecast of the back-test.
with

forecasts as (

    select * from {{ ref('forecast') }}

),

booked as (

    select
        forecast_level,
        series_key,
        period_month,
        actual_amount
    from {{ ref('fct_forecast_level') }}
    where origin_month is null

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

final as (

    select
        forecasts.forecast_level,
        forecasts.series_key,
        forecasts.entity_id,
        forecasts.account_class,
        forecasts.origin_month,
        forecasts.period_month,
        forecasts.horizon_months,
        forecasts.period_month > parameters.closed_month - interval 12 month as is_test_month,
        forecasts.mean_amount,
        forecasts.naive_amount,
        booked.actual_amount,
        cast(abs(booked.actual_amount - forecasts.mean_amount) as decimal(20, 4)) as error_abs,
        cast(abs(booked.actual_amount - forecasts.naive_amount) as decimal(20, 4)) as naive_error_abs,
        forecasts.lo95,
        forecasts.hi95,
        booked.actual_amount between forecasts.lo95 and forecasts.hi95 as is_covered,
        forecasts.currency,
        forecasts.rate_rpt,
        forecasts.model_name,
        forecasts.interval_status
    from forecasts
    cross join parameters
    inner join booked
        on
            forecasts.forecast_level = booked.forecast_level
            and forecasts.series_key = booked.series_key
            and forecasts.period_month = booked.period_month
    where forecasts.period_month <= parameters.closed_month

)

select * from final
