with

account_months as (

    select * from {{ ref('fct_account_month') }}
    where is_profit_and_loss

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

final as (

    select
        account_months.entity_id,
        account_months.connection_id,
        account_months.period_month,
        account_months.fiscal_year,
        account_months.account_id,
        account_months.account_code,
        account_months.account_name,
        account_months.account_class,
        account_months.group_account_code,
        cast(account_months.net_func * account_months.natural_sign as decimal(20, 4)) as amount_func,
        account_months.currency_func,
        {{ posted('account_months.net_func * account_months.natural_sign * rates.average_rate', 'rates.to_currency') }} as amount_rpt,
        rates.to_currency as currency_rpt,
        rates.fx_status
    from account_months
    inner join rates on account_months.entity_id = rates.entity_id and account_months.period_month = rates.period_month

)

select * from final
