with

account_months as (

    select * from {{ ref('fct_account_month') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

-- A month in which one fiscal year ends and the next begins counts once for each.
periods as (

    select distinct
        entity_id,
        period_month,
        fiscal_year
    from {{ ref('dim_date') }}

),

accounts as (

    select distinct
        entity_id,
        connection_id,
        account_id,
        account_code,
        account_name,
        account_class,
        is_profit_and_loss,
        currency_func
    from account_months

),

movements as (

    select
        connection_id,
        entity_id,
        account_id,
        period_month,
        fiscal_year,
        sum(debit_func) as debit_func,
        sum(credit_func) as credit_func,
        sum(net_func) as net_func
    from account_months
    group by connection_id, entity_id, account_id, period_month, fiscal_year

),

-- Every account in every month from its entity's first posting on, so that balances carry.
spine as (

    select
        accounts.*,
        periods.period_month,
        periods.fiscal_year,
        coalesce(movements.debit_func, 0) as debit_func,
        coalesce(movements.credit_func, 0) as credit_func,
        coalesce(movements.net_func, 0) as net_func
    from accounts
    inner join periods on accounts.entity_id = periods.entity_id
    left join movements
        on
            accounts.entity_id = movements.entity_id
            and accounts.connection_id = movements.connection_id
            and accounts.account_id = movements.account_id
            and periods.period_month = movements.period_month
            and periods.fiscal_year = movements.fiscal_year

),

-- A profit and loss account starts each fiscal year at zero; a balance sheet account never does.
closed as (

    select
        *,
        case when is_profit_and_loss then sum(net_func) over within_year else sum(net_func) over ever end as closing_func
    from spine
    window
        ever as (partition by entity_id, connection_id, account_id order by period_month, fiscal_year),
        within_year as (partition by entity_id, connection_id, account_id, fiscal_year order by period_month)

),

months as (

    select
        entity_id,
        connection_id,
        account_id,
        account_code,
        account_name,
        account_class,
        currency_func,
        period_month,
        min_by(closing_func - net_func, fiscal_year) as opening_func,
        sum(debit_func) as debit_func,
        sum(credit_func) as credit_func,
        sum(net_func) as net_func,
        max_by(closing_func, fiscal_year) as closing_func
    from closed
    group by
        entity_id, connection_id, account_id, account_code, account_name, account_class, currency_func, period_month

),

final as (

    select
        months.entity_id,
        months.connection_id,
        months.period_month,
        months.account_id,
        months.account_code,
        months.account_name,
        months.account_class,
        cast(months.opening_func as decimal(20, 4)) as opening_func,
        cast(months.debit_func as decimal(20, 4)) as debit_func,
        cast(months.credit_func as decimal(20, 4)) as credit_func,
        cast(months.closing_func as decimal(20, 4)) as closing_func,
        cast(months.net_func as decimal(20, 4)) as amount_func,
        months.currency_func,
        {{ posted('months.net_func * rates.average_rate', 'rates.to_currency') }} as amount_rpt,
        rates.to_currency as currency_rpt,
        rates.fx_status
    from months
    inner join rates on months.entity_id = rates.entity_id and months.period_month = rates.period_month

)

select * from final
