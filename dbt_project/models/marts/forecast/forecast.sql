-- Where every line of the profit and loss is going, and what stands above it, with the bounds within which 95 of 100 months should lie:
-- as wide as the errors that were known at the origin, of series like it as many months ahead, in proportion to each series' own.
{%- set prior_errors = 12 %}
{%- set widening = 0.25 %}
{%- set ahead = [(1, 1), (2, 3), (4, 6), (7, var('forecast_horizon_months'))] %}
with

levels as (

    select * from {{ ref('fct_forecast_level') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

told as (

    select
        *,
        case
            {% for first, last in ahead %}
                when horizon_months between {{ first }} and {{ last }} then {{ first }}
            {% endfor %}
        end as ahead_from
    from levels
    where origin_month is not null

),

origins as (

    select distinct origin_month
    from told

),

-- What came of each forecast as it was known when its month was closed, not as it was corrected since.
errors as (

    select
        forecast_level,
        series_key,
        origin_month,
        ahead_from,
        period_month,
        -- Errors grow with the months ahead; what is left is alike.
        abs(closed_amount - mean_amount) / power(horizon_months, {{ widening }}) as missed
    from told
    where closed_amount is not null and mean_amount is not null

),

steps as (

    select
        forecast_level,
        series_key,
        period_month,
        abs(closed_amount - lag(closed_amount) over (partition by forecast_level, series_key order by period_month)) as step
    from levels
    where origin_month is null

),

steps_of_origins as (

    select
        steps.forecast_level,
        steps.series_key,
        origins.origin_month,
        avg(steps.step) as step
    from steps
    inner join origins
        on steps.period_month <= origins.origin_month and steps.period_month > origins.origin_month - interval 12 month
    where steps.step is not null
    group by steps.forecast_level, steps.series_key, origins.origin_month

),

errors_of_origins as (

    select
        errors.forecast_level,
        errors.series_key,
        origins.origin_month,
        sum(errors.missed) as missed,
        count(*) as error_count
    from errors
    inner join origins on errors.period_month <= origins.origin_month
    group by errors.forecast_level, errors.series_key, origins.origin_month

),

-- How far a series is usually off: its errors so far, leaning on its steps from month to month.
scales as (

    select
        steps_of_origins.forecast_level,
        steps_of_origins.series_key,
        steps_of_origins.origin_month,
        (coalesce(errors_of_origins.missed, 0) + {{ prior_errors }} * steps_of_origins.step)
        / (coalesce(errors_of_origins.error_count, 0) + {{ prior_errors }}) as scale
    from steps_of_origins
    left join errors_of_origins
        on
            steps_of_origins.forecast_level = errors_of_origins.forecast_level
            and steps_of_origins.series_key = errors_of_origins.series_key
            and steps_of_origins.origin_month = errors_of_origins.origin_month

),

scores as (

    select
        errors.forecast_level,
        errors.series_key,
        errors.ahead_from,
        errors.period_month,
        errors.missed / scales.scale as score
    from errors
    inner join scales
        on
            errors.forecast_level = scales.forecast_level
            and errors.series_key = scales.series_key
            and errors.origin_month = scales.origin_month
    where scales.scale > 0

),

known as (

    select
        scores.forecast_level,
        scores.ahead_from,
        origins.origin_month,
        list(scores.score order by scores.score) as scores,
        count(*) as score_count,
        count(distinct concat_ws('|', scores.series_key, scores.period_month)) as month_count
    from scores
    -- Of the last year: a company that grew twice as fast two years ago was twice as hard to foresee.
    inner join origins
        on scores.period_month <= origins.origin_month and scores.period_month > origins.origin_month - interval 12 month
    group by scores.forecast_level, scores.ahead_from, origins.origin_month

),

-- Of n errors the (n + 1) * 95 % th from below is the bound within which a next one lies in 95 of 100 cases (split conformal prediction).
-- The errors of one month that was told several times are much the same: as many as there are months count as errors of their own.
-- The next months being harder to foresee than later ones is luck: what was hard to foresee soon is no easier later.
widths as (

    select
        forecast_level,
        ahead_from,
        origin_month,
        score_count,
        max(scores[cast(least(ceil(0.95 * score_count * (1 + 1 / month_count)), score_count) as bigint)]) over so_far as width95,
        max(scores[cast(least(ceil(0.8 * score_count * (1 + 1 / month_count)), score_count) as bigint)]) over so_far as width80
    from known
    window so_far as (partition by forecast_level, origin_month order by ahead_from)

),

bounded as (

    select
        told.*,
        widths.score_count,
        case
            when widths.score_count >= {{ var('forecast_least_errors') }}
                then coalesce(scales.scale * widths.width95, 0) * power(told.horizon_months, {{ widening }})
        end as width95,
        case
            when widths.score_count >= {{ var('forecast_least_errors') }}
                then coalesce(scales.scale * widths.width80, 0) * power(told.horizon_months, {{ widening }})
        end as width80
    from told
    left join scales
        on
            told.forecast_level = scales.forecast_level
            and told.series_key = scales.series_key
            and told.origin_month = scales.origin_month
    left join widths
        on
            told.forecast_level = widths.forecast_level
            and told.ahead_from = widths.ahead_from
            and told.origin_month = widths.origin_month

),

final as (

    select
        bounded.forecast_level,
        bounded.series_key,
        bounded.parent_key,
        bounded.entity_id,
        bounded.connection_id,
        bounded.account_id,
        accounts.account_code,
        coalesce(accounts.account_name, chart.group_account_name) as account_name,
        bounded.account_class,
        bounded.group_account_code,
        bounded.department_name,
        bounded.is_in_group,
        bounded.origin_month,
        bounded.origin_month = parameters.closed_month as is_latest,
        bounded.period_month,
        cast(bounded.horizon_months as bigint) as horizon_months,
        bounded.mean_amount,
        {{ money('bounded.mean_amount - bounded.width80') }} as p10,
        bounded.mean_amount as p50,
        {{ money('bounded.mean_amount + bounded.width80') }} as p90,
        {{ money('bounded.mean_amount - bounded.width95') }} as lo95,
        {{ money('bounded.mean_amount + bounded.width95') }} as hi95,
        bounded.naive_amount,
        bounded.currency,
        bounded.rate_rpt,
        bounded.mean_rpt,
        bounded.currency_rpt,
        bounded.model_name,
        cast(bounded.history_months as bigint) as history_months,
        coalesce(bounded.score_count, 0) as judged_errors,
        case
            when bounded.mean_amount is null then 'missing_rate'
            when bounded.width95 is null then 'too_few_errors'
            else 'ok'
        end as interval_status
    from bounded
    cross join parameters
    left join {{ ref('dim_account') }} as accounts
        on bounded.connection_id = accounts.connection_id and bounded.account_id = accounts.account_id
    left join {{ ref('dim_group_account') }} as chart on bounded.group_account_code = chart.group_account_code

)

select * from final
