with

entities as (

    select * from {{ ref('dim_entity') }}

),

today as (

    select * from {{ ref('dim_as_of') }}

),

-- From the first month of the books on; where they are not connected, from long enough ago for what other systems tell.
spans as (

    select
        entities.entity_id,
        entities.calendar_pattern,
        entities.calendar_year_ends,
        entities.calendar_weekday,
        entities.calendar_year_named_after,
        entities.fiscal_year_end_month,
        entities.fiscal_year_end_day,
        cast(date_trunc('month', coalesce(measured.first_posting_date, today.as_of_date - interval 10 year)) as date) as first_day,
        last_day(today.as_of_date) as last_date
    from entities
    cross join today
    left join {{ ref('int_ledger_spans_measured') }} as measured
        on entities.connection_id = measured.connection_id and entities.org_unit_id = measured.org_unit_id
    where measured.first_posting_date <= today.as_of_date or entities.connection_id is null

),

calendar_years as (

    select
        spans.*,
        unnest(generate_series(year(spans.first_day) - 1, year(spans.last_date) + 2)) as calendar_year
    from spans

),

anchored as (

    select
        *,
        {{ fiscal_year_end_in('calendar_year', 'fiscal_year_end_month', 'fiscal_year_end_day') }} as anchor_date
    from calendar_years

),

-- A year of weeks ends on a certain weekday: the last one before the anchor, or the one nearest to it.
ended as (

    select
        *,
        case
            when calendar_pattern = 'months' then anchor_date
            when calendar_year_ends = 'nearest'
                then anchor_date + 3 - cast((isodow(anchor_date + 3) - calendar_weekday + 7) % 7 as integer)
            else anchor_date - cast((isodow(anchor_date) - calendar_weekday + 7) % 7 as integer)
        end as fiscal_year_end_date
    from anchored

),

fiscal_years as (

    select
        *,
        lag(fiscal_year_end_date) over (partition by entity_id order by calendar_year) + 1 as fiscal_year_start_date,
        case calendar_year_named_after when 'start' then calendar_year - 1 else calendar_year end as fiscal_year
    from ended

),

days as (

    select
        *,
        cast(unnest(generate_series(fiscal_year_start_date, fiscal_year_end_date, interval 1 day)) as date) as date_day
    from fiscal_years
    where fiscal_year_start_date is not null

),

weeks as (

    select
        *,
        date_diff('day', fiscal_year_start_date, date_day) // 7 + 1 as fiscal_week,
        least(4, date_diff('day', fiscal_year_start_date, date_day) // 91 + 1) as week_quarter
    from days
    where date_day between first_day and last_date

),

periods as (

    select
        *,
        case calendar_pattern
            when 'months' then date_sub('month', fiscal_year_start_date, date_day) + 1
            when '13x4' then least(13, (fiscal_week - 1) // 4 + 1)
            else
                (week_quarter - 1) * 3 + case
                    when fiscal_week - (week_quarter - 1) * 13 <= cast(substr(calendar_pattern, 1, 1) as integer) then 1
                    when
                        fiscal_week - (week_quarter - 1) * 13
                        <= cast(substr(calendar_pattern, 1, 1) as integer) + cast(substr(calendar_pattern, 3, 1) as integer) then 2
                    else 3
                end
        end as fiscal_period
    from weeks

),

bounded as (

    select
        *,
        case
            when calendar_pattern = 'months' then cast(date_trunc('month', date_day) as date)
            else fiscal_year_start_date + cast(7 * case calendar_pattern
                when '13x4' then (fiscal_period - 1) * 4
                else
                    (fiscal_period - 1) // 3 * 13 + case (fiscal_period - 1) % 3
                        when 0 then 0
                        when 1 then cast(substr(calendar_pattern, 1, 1) as integer)
                        else cast(substr(calendar_pattern, 1, 1) as integer) + cast(substr(calendar_pattern, 3, 1) as integer)
                    end
            end as integer)
        end as period_start_date
    from periods

),

labelled as (

    select
        entity_id,
        date_day,
        -- A period of weeks is called by the month of its middle; one of thirteen by its first day, since months are only twelve.
        case calendar_pattern
            when 'months' then period_start_date
            when '13x4' then period_start_date
            else cast(date_trunc('month', period_start_date + 14) as date)
        end as period_month,
        period_start_date,
        fiscal_year,
        case calendar_pattern when '13x4' then least(4, (fiscal_period - 1) // 3 + 1) else (fiscal_period - 1) // 3 + 1 end
            as fiscal_quarter,
        fiscal_period,
        case when calendar_pattern <> 'months' then fiscal_week end as fiscal_week,
        calendar_pattern <> 'months' and fiscal_week = 53 as is_53rd_week,
        fiscal_year_start_date,
        fiscal_year_end_date,
        -- A week is compared with the same week of the year before; after a year of 53 weeks all of them are shifted by one.
        case
            when calendar_pattern = 'months' then cast(date_day - interval 1 year as date)
            when fiscal_week <> 53 then date_day - 364
        end as prior_year_comparable_date
    from bounded

),

final as (

    select
        *,
        max(date_day) over (partition by entity_id, period_month) = date_day as is_period_end
    from labelled

)

select * from final
