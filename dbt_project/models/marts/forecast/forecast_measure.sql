-- How good the forecasts were, in four measures, beside the same month of the year before, on what came in the last twelve closed months
-- and in the last whole fiscal year.
{%- set resamples = 100 %}
with

accuracy as (

    select * from {{ ref('forecast_accuracy') }}

),

booked as (

    select *
    from {{ ref('fct_forecast_level') }}
    where origin_month is null

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

entities as (

    select
        entity_id,
        any_value(fiscal_year_end_month) as fiscal_year_end_month
    from {{ ref('dim_entity') }}
    group by entity_id

),

-- The group's year is that of the company above all others.
group_years as (

    select coalesce(min_by(entities.fiscal_year_end_month, entities.entity_id), 12) as fiscal_year_end_month
    from entities
    inner join {{ ref('dim_group_structure') }} as structure on entities.entity_id = structure.entity_id
    where structure.parent_entity_id is null

),

-- The last whole year of each series.
years as (

    select
        series.forecast_level,
        series.series_key,
        series.last_year_month - interval 11 month as first_month,
        series.last_year_month as last_month
    from (
        select
            booked.forecast_level,
            booked.series_key,
            cast(
                parameters.closed_month - to_months(
                    cast(
                        (
                            month(parameters.closed_month)
                            - coalesce(entities.fiscal_year_end_month, group_years.fiscal_year_end_month) + 12
                        ) % 12 as integer
                    )
                ) as date
            ) as last_year_month
        from booked
        cross join parameters
        cross join group_years
        left join entities on booked.entity_id = entities.entity_id
        group by all
    ) as series

),

-- At the end of each of its first three quarters: what was booked by then, as it was known, and what was expected of the rest.
quarters as (

    select
        years.*,
        cast(years.first_month + to_months(cast(quarter * 3 - 1 as integer)) as date) as origin_month
    from years
    cross join (select unnest([1, 2, 3]) as quarter) as quarters

),

amounts as (

    select
        forecast_level,
        series_key,
        period_month,
        period_month as known_month,
        closed_amount as amount,
        actual_amount
    from booked
    union all
    select
        forecast_level,
        series_key,
        period_month,
        known_month,
        late_amount as amount,
        null as actual_amount
    from {{ ref('fct_late_amount') }}

),

to_date as (

    select
        quarters.forecast_level,
        quarters.series_key,
        quarters.origin_month,
        coalesce(sum(case when amounts.known_month <= quarters.origin_month then amounts.amount end), 0) as known_amount,
        sum(amounts.actual_amount) as actual_amount
    from quarters
    inner join amounts
        on
            quarters.forecast_level = amounts.forecast_level
            and quarters.series_key = amounts.series_key
            and amounts.period_month between quarters.first_month and quarters.last_month
    group by quarters.forecast_level, quarters.series_key, quarters.origin_month

),

to_come as (

    select
        quarters.forecast_level,
        quarters.series_key,
        quarters.origin_month,
        any_value(accuracy.entity_id) as entity_id,
        any_value(accuracy.account_class) as account_class,
        any_value(accuracy.rate_rpt) as rate_rpt,
        sum(accuracy.mean_amount) as mean_amount,
        sum(accuracy.naive_amount) as naive_amount
    from quarters
    inner join accuracy
        on
            quarters.forecast_level = accuracy.forecast_level
            and quarters.series_key = accuracy.series_key
            and quarters.origin_month = accuracy.origin_month
            and accuracy.period_month between quarters.first_month and quarters.last_month
    group by quarters.forecast_level, quarters.series_key, quarters.origin_month

),

outlooks as (

    select
        to_come.forecast_level,
        to_come.series_key,
        to_come.entity_id,
        to_come.origin_month,
        to_come.rate_rpt,
        to_date.known_amount + to_come.mean_amount as outlook,
        to_date.known_amount + to_come.naive_amount as naive_outlook,
        to_date.actual_amount as actual
    from to_come
    inner join to_date
        on
            to_come.forecast_level = to_date.forecast_level
            and to_come.series_key = to_date.series_key
            and to_come.origin_month = to_date.origin_month

),

-- Plans are of accounts, and of companies by their sum; they do not tell charges within the group apart, as the group's levels would need.
plans_of_accounts as (

    select distinct
        concat_ws('|', variances.connection_id, variances.entity_id, variances.account_id) as series_key,
        concat_ws('|', variances.entity_id, variances.account_class) as entity_key,
        variances.fiscal_year,
        variances.full_year_budget as budget
    from {{ ref('fct_variance') }} as variances
    where variances.comparison = 'budget_original' and variances.department_name = 'all' and variances.full_year_budget is not null

),

planned as (

    select
        'account' as forecast_level,
        series_key,
        fiscal_year,
        budget
    from plans_of_accounts
    union all
    select
        'entity' as forecast_level,
        entity_key as series_key,
        fiscal_year,
        sum(budget) as budget
    from plans_of_accounts
    group by entity_key, fiscal_year

),

fiscal_years as (

    select distinct
        entity_id,
        period_month,
        fiscal_year
    from {{ ref('dim_date') }}

),

-- A breach is what the comparison with plans calls material: beyond both thresholds.
breaches as (

    select
        outlooks.forecast_level,
        outlooks.series_key,
        outlooks.origin_month,
        {{ is_material('outlooks.outlook', 'planned.budget', 'outlooks.rate_rpt') }} as is_told,
        {{ is_material('outlooks.naive_outlook', 'planned.budget', 'outlooks.rate_rpt') }} as is_told_naively,
        {{ is_material('outlooks.actual', 'planned.budget', 'outlooks.rate_rpt') }} as is_breach
    from outlooks
    inner join years on outlooks.forecast_level = years.forecast_level and outlooks.series_key = years.series_key
    inner join fiscal_years on outlooks.entity_id = fiscal_years.entity_id and years.last_month = fiscal_years.period_month
    inner join planned
        on
            outlooks.forecast_level = planned.forecast_level
            and outlooks.series_key = planned.series_key
            and fiscal_years.fiscal_year = planned.fiscal_year
    where outlooks.outlook is not null

),

-- One row for each case that a measure counts: what was missed, or right, of how much.
cases as (

    select
        'A1' as measure,
        forecast_level,
        series_key,
        origin_month,
        abs(outlook - actual) * rate_rpt as part,
        abs(naive_outlook - actual) * rate_rpt as naive_part,
        abs(actual) * rate_rpt as whole
    from outlooks
    where outlook is not null and actual is not null
    union all
    select
        'A2' as measure,
        forecast_level,
        series_key,
        origin_month,
        error_abs * rate_rpt as part,
        naive_error_abs * rate_rpt as naive_part,
        abs(actual_amount) * rate_rpt as whole
    from accuracy
    where horizon_months = 1 and is_test_month and error_abs is not null
    union all
    select
        'A3' as measure,
        forecast_level,
        series_key,
        origin_month,
        case when is_told <> is_breach then 1 else 0 end as part,
        case when is_told_naively <> is_breach then 1 else 0 end as naive_part,
        1 as whole
    from breaches
    union all
    select
        'A4' as measure,
        forecast_level,
        series_key,
        origin_month,
        count(case when not is_covered then 1 end) as part,
        null as naive_part,
        count(*) as whole
    from accuracy
    where is_test_month and is_covered is not null
    group by forecast_level, series_key, origin_month

),

-- Cases drawn anew, as often as chance (a number made of each case's name) has it: how far the measure would move with others.
drawn as (

    select
        cases.measure,
        cases.forecast_level,
        resample,
        1 - sum(cases.part * drawn_times) / nullif(sum(cases.whole * drawn_times), 0) as share
    from (
        select
            cases.*,
            resample,
            case
                when chance < 36788 then 0
                when chance < 73576 then 1
                when chance < 91970 then 2
                when chance < 98101 then 3
                when chance < 99634 then 4
                else 5
            end as drawn_times
        from (
            select
                cases.*,
                resamples.resample,
                {{ chance_of("concat_ws('|', cases.measure, cases.series_key, cases.origin_month, resamples.resample)", 100000) }} as chance
            from cases
            cross join (select unnest(generate_series(1, {{ resamples }})) as resample) as resamples
        ) as cases
    ) as cases
    group by cases.measure, cases.forecast_level, resample

),

ranges as (

    select
        measure,
        forecast_level,
        quantile_cont(share, 0.025) as lo95,
        quantile_cont(share, 0.975) as hi95
    from drawn
    group by measure, forecast_level

),

counts as (

    select
        forecast_level,
        count(*) as cases,
        count(case when is_breach then 1 end) as breaches,
        count(case when is_told then 1 end) as told,
        count(case when is_told and is_breach then 1 end) as hits
    from breaches
    group by forecast_level

),

summed as (

    select
        measure,
        forecast_level,
        count(*) as case_count,
        sum(part) as part,
        sum(naive_part) as naive_part,
        sum(whole) as whole
    from cases
    group by measure, forecast_level

),

final as (

    select
        summed.measure,
        summed.forecast_level,
        cast(summed.part as decimal(20, 4)) as missed,
        cast(summed.whole as decimal(20, 4)) as of_all,
        cast((1 - summed.part / nullif(summed.whole, 0)) * 100 as decimal(9, 4)) as value_pct,
        cast((1 - summed.naive_part / nullif(summed.whole, 0)) * 100 as decimal(9, 4)) as naive_pct,
        cast(summed.part / nullif(summed.naive_part, 0) as decimal(18, 6)) as error_of_naive_x,
        cast(ranges.lo95 * 100 as decimal(9, 4)) as lo95_pct,
        cast(ranges.hi95 * 100 as decimal(9, 4)) as hi95_pct,
        summed.case_count,
        case when summed.measure = 'A3' then counts.breaches end as breaches,
        case when summed.measure = 'A3' then counts.told end as told_breaches,
        case when summed.measure = 'A3' then counts.hits end as hits,
        cast(
            case when summed.measure = 'A3' then counts.hits * 2 / nullif(counts.told + counts.breaches, 0) end as decimal(9, 6)
        ) as f1_score,
        cast(
            case when summed.measure = 'A3' then (counts.cases - counts.breaches) * 100 / nullif(counts.cases, 0) end as decimal(9, 4)
        ) as base_rate_pct,
        cast(case summed.measure when 'A1' then 95 when 'A2' then 90 when 'A3' then 95 else 93 end as decimal(9, 4)) as target_pct,
        cast(case summed.measure when 'A4' then 97 end as decimal(9, 4)) as target_max_pct
    from summed
    inner join ranges on summed.measure = ranges.measure and summed.forecast_level = ranges.forecast_level
    left join counts on summed.forecast_level = counts.forecast_level

)

select * from final
