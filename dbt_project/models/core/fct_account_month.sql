with

lines as (

    select * from {{ ref('fct_gl_line') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

daily_rates as (

    select
        entity_id,
        date_day,
        rate
    from {{ ref('fct_fx_daily_rate') }}

),

summed as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.period_month,
        lines.fiscal_year,
        lines.account_id,
        lines.group_account_code,
        lines.currency_func,
        sum(case when lines.amount_func > 0 then lines.amount_func else 0 end) as debit_func,
        -sum(case when lines.amount_func < 0 then lines.amount_func else 0 end) as credit_func,
        sum(lines.amount_func) as net_func,
        sum(case when lines.is_in_group then lines.amount_func else 0 end) as net_func_in_group,
        count(*) as line_count
    from lines
    group by
        lines.entity_id, lines.connection_id, lines.period_month, lines.fiscal_year, lines.account_id, lines.group_account_code,
        lines.currency_func

),

-- Equity, and what else is not revalued, keeps the rate of the day on which it arose.
at_historical_rates as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.period_month,
        lines.fiscal_year,
        lines.account_id,
        lines.group_account_code,
        sum(lines.amount_func * daily_rates.rate) as net_rpt,
        count(*) filter (where daily_rates.rate is null) as lines_without_rate
    from lines
    inner join chart on lines.group_account_code = chart.group_account_code
    left join daily_rates on lines.entity_id = daily_rates.entity_id and lines.posting_date = daily_rates.date_day
    where chart.fx_rate_type = 'historical'
    group by
        lines.entity_id, lines.connection_id, lines.period_month, lines.fiscal_year, lines.account_id, lines.group_account_code

),

final as (

    select
        summed.entity_id,
        summed.connection_id,
        summed.period_month,
        summed.fiscal_year,
        summed.account_id,
        accounts.account_code,
        accounts.account_name,
        accounts.account_class,
        accounts.account_type,
        accounts.is_profit_and_loss,
        accounts.natural_sign,
        summed.group_account_code,
        chart.fx_rate_type,
        summed.currency_func,
        cast(summed.debit_func as decimal(20, 4)) as debit_func,
        cast(summed.credit_func as decimal(20, 4)) as credit_func,
        cast(summed.net_func as decimal(20, 4)) as net_func,
        cast(summed.net_func_in_group as decimal(20, 4)) as net_func_in_group,
        cast(
            case when at_historical_rates.lines_without_rate = 0 then at_historical_rates.net_rpt end as decimal(38, 9)
        ) as net_rpt_at_historical_rates,
        summed.line_count
    from summed
    inner join accounts on summed.connection_id = accounts.connection_id and summed.account_id = accounts.account_id
    inner join chart on summed.group_account_code = chart.group_account_code
    left join at_historical_rates
        on
            summed.entity_id = at_historical_rates.entity_id
            and summed.connection_id = at_historical_rates.connection_id
            and summed.period_month = at_historical_rates.period_month
            and summed.fiscal_year = at_historical_rates.fiscal_year
            and summed.account_id = at_historical_rates.account_id
            and summed.group_account_code = at_historical_rates.group_account_code

)

select * from final
