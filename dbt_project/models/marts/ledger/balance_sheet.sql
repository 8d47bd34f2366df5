with

account_months as (

    select * from {{ ref('fct_account_month') }}
    where not is_profit_and_loss

),

period_ends as (

    select
        entity_id,
        period_month,
        fiscal_year,
        date_day as period_end_date
    from {{ ref('dim_date') }}
    where is_period_end

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

mapping as (

    select * from {{ ref('dim_account_mapping') }}

),

-- What is not revalued is translated at the rates of the days on which it arose; without those at the month's average. Here and
-- below: a sum of which a part has no rate is unknown.
movements as (

    select
        account_months.entity_id,
        account_months.connection_id,
        account_months.account_id,
        account_months.period_month,
        sum(account_months.net_func) as net_func,
        sum(
            case
                when account_months.fx_rate_type = 'historical'
                    then coalesce(account_months.net_rpt_at_historical_rates, account_months.net_func * rates.average_rate)
            end
        ) as net_rpt,
        count(
            case
                when account_months.net_rpt_at_historical_rates is null and rates.average_rate is null then 1
            end
        ) as without_rate
    from account_months
    inner join rates on account_months.entity_id = rates.entity_id and account_months.period_month = rates.period_month
    group by account_months.entity_id, account_months.connection_id, account_months.account_id, account_months.period_month

),

accounts as (

    select
        entity_id,
        connection_id,
        account_id,
        any_value(account_code) as account_code,
        any_value(account_name) as account_name,
        any_value(account_class) as account_class,
        any_value(natural_sign) as natural_sign,
        any_value(currency_func) as currency_func,
        bool_and(fx_rate_type = 'historical') as is_historical,
        min(period_month) as first_month
    from account_months
    group by entity_id, connection_id, account_id

),

balances as (

    select
        accounts.*,
        period_ends.period_month,
        period_ends.period_end_date,
        sum(coalesce(movements.net_func, 0)) over so_far as balance_func,
        case when sum(coalesce(movements.without_rate, 0)) over so_far = 0 then sum(coalesce(movements.net_rpt, 0)) over so_far end
            as balance_rpt
    from accounts
    inner join period_ends on accounts.entity_id = period_ends.entity_id and accounts.first_month <= period_ends.period_month
    left join movements
        on
            accounts.entity_id = movements.entity_id
            and accounts.connection_id = movements.connection_id
            and accounts.account_id = movements.account_id
            and period_ends.period_month = movements.period_month
    window so_far as (
        partition by accounts.entity_id, accounts.connection_id, accounts.account_id order by period_ends.period_month
    )

),

translated as (

    select
        balances.entity_id,
        balances.connection_id,
        balances.period_month,
        balances.account_id,
        balances.account_code,
        balances.account_name,
        balances.account_class,
        coalesce(mapping.group_account_code, 'unmapped') as group_account_code,
        cast(balances.balance_func * balances.natural_sign as decimal(20, 4)) as amount_func,
        balances.currency_func,
        case
            when balances.is_historical then {{ posted('balances.balance_rpt * balances.natural_sign', 'rates.to_currency') }}
            else {{ posted('balances.balance_func * balances.natural_sign * rates.closing_rate', 'rates.to_currency') }}
        end as amount_rpt,
        rates.to_currency as currency_rpt,
        case when balances.is_historical and balances.balance_rpt is null then 'missing_rate' else rates.fx_status end as fx_status
    from balances
    inner join rates on balances.entity_id = rates.entity_id and balances.period_month = rates.period_month
    left join mapping
        on
            balances.entity_id = mapping.entity_id
            and balances.connection_id = mapping.connection_id
            and balances.account_id = mapping.account_id
            and balances.period_end_date between mapping.valid_from and mapping.valid_to

),

-- Profit and loss closes into equity: earlier fiscal years as retained, the running one as current earnings. The bounds come from
-- the calendar, since arithmetic on last year's end misplaces the 29th of February. The amounts are those of the statement.
profits as (

    select
        entity_id,
        connection_id,
        period_month,
        fiscal_year,
        currency_func,
        sum(case when account_class = 'revenue' then amount_func else -amount_func end) as profit_func,
        case when count(amount_rpt) = count(*) then sum(case when account_class = 'revenue' then amount_rpt else -amount_rpt end) end
            as profit_rpt
    from {{ ref('profit_and_loss') }}
    group by entity_id, connection_id, period_month, fiscal_year, currency_func

),

earnings as (

    select
        period_ends.entity_id,
        profits.connection_id,
        period_ends.period_month,
        case
            when profits.fiscal_year < period_ends.fiscal_year then 'retained_earnings_system'
            else 'current_year_earnings'
        end as account_id,
        case
            when profits.fiscal_year < period_ends.fiscal_year then 'Retained earnings (system)'
            else 'Current-year earnings'
        end as account_name,
        profits.currency_func,
        sum(profits.profit_func) as amount_func,
        {{ whole_sum('profits.profit_rpt') }} as amount_rpt
    from period_ends
    inner join profits on period_ends.entity_id = profits.entity_id and period_ends.period_month >= profits.period_month
    group by all

),

every_row as (

    select * from translated
    union all
    select
        earnings.entity_id,
        earnings.connection_id,
        earnings.period_month,
        earnings.account_id,
        earnings.account_id as account_code,
        earnings.account_name,
        'equity' as account_class,
        earnings.account_id as group_account_code,
        cast(earnings.amount_func as decimal(20, 4)) as amount_func,
        earnings.currency_func,
        cast(earnings.amount_rpt as decimal(20, 4)) as amount_rpt,
        rates.to_currency as currency_rpt,
        case when earnings.amount_rpt is null then 'missing_rate' else rates.fx_status end as fx_status
    from earnings
    inner join rates on earnings.entity_id = rates.entity_id and earnings.period_month = rates.period_month

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
        'translation_adjustment' as group_account_code,
        cast(0 as decimal(20, 4)) as amount_func,
        currency_func,
        cast(
            case
                when count(amount_rpt) = count(*)
                    then sum(case when account_class in ('asset', 'unmapped') then amount_rpt else -amount_rpt end)
            end as decimal(20, 4)
        ) as amount_rpt,
        currency_rpt,
        case when count(amount_rpt) = count(*) then min(fx_status) else 'missing_rate' end as fx_status
    from every_row
    where currency_func <> currency_rpt
    group by entity_id, connection_id, period_month, currency_func, currency_rpt

),

final as (

    select * from every_row
    union all
    select * from translation_adjustment

)

select * from final
