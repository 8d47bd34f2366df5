with

lines as (

    select * from {{ ref('fct_gl_line') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

final as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.period_month,
        lines.account_id,
        accounts.account_code,
        accounts.account_name,
        accounts.account_class,
        accounts.is_profit_and_loss,
        accounts.natural_sign,
        dates.fiscal_year,
        lines.currency_func,
        cast(sum(case when lines.amount_func > 0 then lines.amount_func else 0 end) as decimal(20, 4)) as debit_func,
        cast(-sum(case when lines.amount_func < 0 then lines.amount_func else 0 end) as decimal(20, 4)) as credit_func,
        cast(sum(lines.amount_func) as decimal(20, 4)) as net_func
    from lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    inner join dates on lines.entity_id = dates.entity_id and lines.posting_date = dates.date_day
    group by all

)

select * from final
