with

entities as (

    select * from {{ ref('dim_entity') }}

),

daily as (

    select * from {{ ref('fct_fx_daily_rate') }}

),

today as (

    select * from {{ ref('dim_as_of') }}

),

periods as (

    select
        dates.entity_id,
        dates.period_month,
        min(dates.date_day) as period_start_date,
        least(max(dates.date_day), min(today.as_of_date)) as period_end_date
    from {{ ref('dim_date') }} as dates
    cross join today
    group by dates.entity_id, dates.period_month

),

pairs as (

    select
        periods.entity_id,
        periods.period_month,
        periods.period_start_date,
        periods.period_end_date,
        entities.currency_func as from_currency,
        today.reporting_currency as to_currency
    from periods
    inner join entities on periods.entity_id = entities.entity_id
    cross join today

),

-- The mean of the rates published in the period: a rate that only stands in for a day without one has no weight.
averages as (

    select
        pairs.entity_id,
        pairs.period_month,
        cast(avg(daily.rate) as decimal(18, 9)) as average_rate
    from pairs
    inner join daily
        on pairs.entity_id = daily.entity_id and daily.date_day between pairs.period_start_date and pairs.period_end_date
    where daily.age_days = 0
    group by pairs.entity_id, pairs.period_month

),

-- The newest rate by the period's end: a central bank's may be as old as a long holiday, one of the books' documents older.
closings as (

    select
        pairs.entity_id,
        pairs.period_month,
        daily.rate as closing_rate,
        daily.rate_source,
        daily.age_days
    from pairs
    inner join daily on pairs.entity_id = daily.entity_id and pairs.period_end_date = daily.date_day
    where daily.age_days <= case daily.rate_source when 'central_bank' then 10 else {{ var('fx_documents_max_age_days') }} end

),

-- Documents tell rates late: the months before the first that has one take it, within the permitted age.
first_known as (

    select
        entity_id,
        min_by(rate, date_day) as rate,
        min(date_day) as rate_date
    from daily
    where rate_source = 'books'
    group by entity_id

),

final as (

    select
        pairs.entity_id,
        pairs.period_month,
        pairs.from_currency,
        pairs.to_currency,
        case
            when pairs.from_currency = pairs.to_currency then cast(1 as decimal(18, 9))
            else coalesce(averages.average_rate, closings.closing_rate, first_known.rate)
        end as average_rate,
        case
            when pairs.from_currency = pairs.to_currency then cast(1 as decimal(18, 9))
            else coalesce(closings.closing_rate, first_known.rate)
        end as closing_rate,
        case
            when pairs.from_currency = pairs.to_currency then 0
            else coalesce(closings.age_days, date_diff('day', pairs.period_end_date, first_known.rate_date), 0)
        end as age_days,
        case
            when pairs.from_currency = pairs.to_currency then 'same_currency'
            when closings.rate_source = 'central_bank' then 'central_bank'
            when closings.closing_rate is not null or first_known.rate is not null then 'documents'
            else 'missing_rate'
        end as fx_status
    from pairs
    left join averages on pairs.entity_id = averages.entity_id and pairs.period_month = averages.period_month
    left join closings on pairs.entity_id = closings.entity_id and pairs.period_month = closings.period_month
    left join first_known
        on
            pairs.entity_id = first_known.entity_id
            and pairs.period_end_date < first_known.rate_date
            and pairs.period_end_date >= first_known.rate_date - {{ var('fx_documents_max_age_days') }}

)

select * from final
