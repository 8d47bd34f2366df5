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

-- Movements in reporting currency: what flows (equity, profit and loss) is translated at the average rate of its month.
movements as (

    select
        account_months.*,
        account_months.net_func * rates.average_rate as net_at_average
    from account_months
    inner join rates on account_months.entity_id = rates.entity_id and account_months.period_month = rates.period_month

),

accounts as (

    select
        month_ends.entity_id,
        movements.connection_id,
        month_ends.period_month,
        movements.account_id,
        movements.account_code,
        movements.account_name,
        movements.account_class,
        movements.currency_func,
        sum(movements.net_func) * any_value(movements.natural_sign) as amount_func,
        sum(movements.net_at_average) * any_value(movements.natural_sign) as amount_at_average
    from month_ends
    inner join movements
        on month_ends.entity_id = movements.entity_id and month_ends.period_month >= movements.period_month
    where not movements.is_profit_and_loss
    group by all

),

-- Profit and loss closes into equity: earlier fiscal years as retained, the running one as current earnings. The bounds come from
-- the calendar, since arithmetic on last year's end misplaces the 29th of February.
earnings as (

    select
        month_ends.entity_id,
        movements.connection_id,
        month_ends.period_month,
        case
            when movements.fiscal_year < month_ends.fiscal_year then 'retained_earnings_system'
            else 'current_year_earnings'
        end as account_id,
        movements.currency_func,
        -sum(movements.net_func) as amount_func,
        -sum(movements.net_at_average) as amount_at_average
    from month_ends
    inner join movements
        on month_ends.entity_id = movements.entity_id and month_ends.period_month >= movements.period_month
    where movements.is_profit_and_loss
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
        amount_func,
        amount_at_average
    from earnings

),

translated as (

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
        {{ posted(
            "case when every_row.account_class = 'equity' then every_row.amount_at_average else every_row.amount_func * rates.closing_rate end",
            'rates.to_currency'
        ) }} as amount_rpt,
        rates.to_currency as currency_rpt,
        rates.fx_status
    from every_row
    inner join rates on every_row.entity_id = rates.entity_id and every_row.period_month = rates.period_month

),

-- What remains is the translation difference, cumulated: assets and liabilities at the closing rate, equity at the rates of its
-- movements.
translation_adjustment as (

    select
        entity_id,
        connection_id,
        period_month,
        'translation_adjustment' as account_id,
        'translation_adjustment' as account_code,
        'Translation adjustment (system)' as account_name,
        'equity' as account_class,
        cast(0 as decimal(20, 4)) as amount_func,
        currency_func,
        cast(sum(case when account_class in ('asset', 'unmapped') then amount_rpt else -amount_rpt end) as decimal(20, 4)) as amount_rpt,
        currency_rpt,
        fx_status
    from translated
    where currency_func <> currency_rpt
    group by entity_id, connection_id, period_month, currency_func, currency_rpt, fx_status

),

final as (

    select * from translated
    union all
    select * from translation_adjustment

)

select * from final
