-- What was expected of the deals that were open some months ago, by what was known then, against what came of them.
with

told as (

    select
        *,
        case outcome when 'won' then 1 when 'lost' then 0 end as came,
        least(cast(floor(win_probability * 10) as integer), 9) * 10 as band_from
    from {{ ref('fct_deal_forecast') }}
    where months_before > 0 and win_probability is not null

),

final as (

    select
        months_before,
        any_value(origin_date) as origin_date,
        coalesce(deal_type, 'unknown') as deal_type,
        cast(band_from as bigint) as band_from_pct,
        count(*) as open_deals,
        count(came) as decided_deals,
        count(*) - count(came) as still_open_deals,
        cast(sum(case when came is not null then win_probability end) as decimal(18, 6)) as expected_wins,
        cast(coalesce(sum(came), 0) as bigint) as actual_wins,
        cast(round(sum(case when came is not null then win_probability end) * 100 / nullif(count(came), 0), 4) as decimal(9, 4))
            as expected_win_pct,
        cast(round(sum(came) * 100.0 / nullif(count(came), 0), 4) as decimal(9, 4)) as actual_win_pct,
        {{ money('sum(case when came is not null then weighted_rpt end)') }} as expected_rpt,
        {{ money('sum(case when came = 1 then amount_rpt else 0 end)') }} as actual_rpt,
        cast(round(sum((win_probability - came) * (win_probability - came)), 6) as decimal(18, 6)) as squared_error,
        cast(round(sum((base_rate - came) * (base_rate - came)), 6) as decimal(18, 6)) as base_squared_error,
        cast(
            round(sum((win_probability - came) * (win_probability - came)) / nullif(count(came), 0), 6) as decimal(9, 6)
        ) as brier_score,
        count(case when came is not null then expected_close_date end) as dated_deals,
        count(case when cast(closed_at as date) > expected_close_date then 1 end) as late_deals,
        cast(coalesce(sum(date_diff('day', expected_close_date, cast(closed_at as date))), 0) as bigint) as slip_days_sum,
        cast(
            round(
                sum(date_diff('day', expected_close_date, cast(closed_at as date))) * 1.0
                / nullif(count(case when came is not null then expected_close_date end), 0),
                2
            ) as decimal(18, 2)
        ) as average_slip_days,
        any_value(currency_rpt) as currency_rpt
    from told
    group by months_before, coalesce(deal_type, 'unknown'), band_from

)

select * from final
