-- What of a month came to be known only after it was closed, on every level of the forecasts: a bill that came late, one taken back.
with

late as (

    select
        leaf_key,
        period_month,
        known_month,
        sum(amount_func) as amount_func
    from {{ ref('fct_booked_month') }}
    where known_month > period_month
    group by leaf_key, period_month, known_month

),

lines as (

    select distinct
        series_key as leaf_key,
        entity_id,
        connection_id,
        account_id,
        account_class,
        group_account_code,
        is_in_group,
        currency as currency_func,
        currency_rpt
    from {{ ref('fct_forecast_level') }}
    where forecast_level = 'line' and origin_month is null

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

valued as (

    select
        lines.*,
        late.period_month,
        late.known_month,
        late.amount_func,
        {{ posted('late.amount_func * rates.average_rate', 'lines.currency_rpt') }} as amount_rpt
    from late
    inner join lines on late.leaf_key = lines.leaf_key
    left join rates on lines.entity_id = rates.entity_id and late.period_month = rates.period_month

),

placed as (

    select
        levels.forecast_level,
        {{ forecast_series_key('levels.forecast_level', 'valued') }} as series_key,
        valued.period_month,
        valued.known_month,
        case when levels.is_of_company then valued.amount_func else valued.amount_rpt end as late_amount,
        case when levels.is_of_company then valued.currency_func else valued.currency_rpt end as currency
    from valued
    cross join ({{ forecast_levels() }}) as levels
    where levels.is_of_company or valued.is_in_group

),

-- A sum of which a part is unknown is unknown.
final as (

    select
        forecast_level,
        series_key,
        period_month,
        known_month,
        cast({{ whole_sum('late_amount') }} as decimal(20, 4)) as late_amount,
        any_value(currency) as currency
    from placed
    group by forecast_level, series_key, period_month, known_month

)

select * from final
