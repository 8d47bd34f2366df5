with

account_months as (

    select * from {{ ref('fct_account_month') }}

),

month_ends as (

    select
        entity_id,
        period_month,
        fiscal_year
    from {{ ref('dim_date') }}
    where is_month_end

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

accounts as (

    select
        month_ends.entity_id,
        account_months.connection_id,
        month_ends.period_month,
        account_months.account_id,
        account_months.account_code,
        account_months.account_name,
        account_months.account_class,
        account_months.currency_func,
        sum(account_months.net_func) * any_value(account_months.natural_sign) as amount_func
    from month_ends
    inner join account_months
        on month_ends.entity_id = account_months.entity_id and month_ends.period_month >= account_months.period_month
    where not account_months.is_profit_and_loss
    group by all

),

-- Profit and loss closes into equity: earlier fiscal years as retained, the running one as current earnings. The bounds come from
-- the calendar, since arithmetic on last year's end misplaces the 29th of February.
earnings as (

    select
        month_ends.entity_id,
        account_months.connection_id,
        month_ends.period_month,
        case
            when account_months.fiscal_year < month_ends.fiscal_year then 'retained_earnings_system'
            else 'current_year_earnings'
        end as account_id,
        account_months.currency_func,
        -sum(account_months.net_func) as amount_func
    from month_ends
    inner join account_months
        on month_ends.entity_id = account_months.entity_id and month_ends.period_month >= account_months.period_month
    where account_months.is_profit_and_loss
    group by all

),

every_row as (

    select * from accounts
    union all
    select
        entity_id,
        connection_id,
        period_month,
        account_id,
        account_id as account_code,
        case account_id
            when 'retained_earnings_system' then 'Retained earnings (system)' else 'Current-year earnings'
        end as account_name,
        'equity' as account_class,
        currency_func,
        amount_func
    from earnings

),

final as (

    select
        every_row.entity_id,
        every_row.connection_id,
        every_row.period_month,
        every_row.account_id,
        every_row.account_code,
        every_row.account_name,
        every_row.account_class,
        cast(every_row.amount_func as decimal(20, 4)) as amount_func,
        every_row.currency_func,
        {{ posted('every_row.amount_func * rates.closing_rate', 'rates.to_currency') }} as amount_rpt,
        rates.to_currency as currency_rpt,
        rates.fx_status
    from every_row
    inner join rates on every_row.entity_id = rates.entity_id and every_row.period_month = rates.period_month

)

select * from final
