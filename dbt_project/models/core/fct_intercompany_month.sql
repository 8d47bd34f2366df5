with

lines as (

    select * from {{ ref('fct_intercompany_line') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

daily_rates as (

    select
        entity_id,
        date_day,
        rate
    from {{ ref('fct_fx_daily_rate') }}

),

final as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.partner_entity_id,
        lines.period_month,
        lines.group_account_code,
        lines.eliminated_by,
        any_value(accounts.is_profit_and_loss) as is_profit_and_loss,
        lines.currency_func,
        cast(sum(lines.amount_func) as decimal(20, 4)) as net_func,
        cast(
            case when count(daily_rates.rate) = count(*) then sum(lines.amount_func * daily_rates.rate) end as decimal(38, 9)
        ) as net_rpt_at_historical_rates,
        count(*) as line_count
    from lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join daily_rates on lines.entity_id = daily_rates.entity_id and lines.posting_date = daily_rates.date_day
    group by
        lines.entity_id, lines.connection_id, lines.partner_entity_id, lines.period_month, lines.group_account_code,
        lines.eliminated_by, lines.currency_func

)

select * from final
