with

account_months as (

    select * from {{ ref('fct_account_month') }}

),

months as (

    select
        entity_id,
        period_month,
        max(date_day) as month_end_date
    from {{ ref('dim_date') }}
    group by entity_id, period_month

),

fiscal as (

    select
        entity_id,
        date_day,
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

-- Every account in every month from its entity's first posting on, so that balances carry.
spine as (

    select
        accounts.*,
        months.period_month,
        closing.fiscal_year as closing_fiscal_year,
        opening.fiscal_year as opening_fiscal_year
    from accounts
    inner join months on accounts.entity_id = months.entity_id
    inner join fiscal as closing on months.entity_id = closing.entity_id and months.month_end_date = closing.date_day
    inner join fiscal as opening on months.entity_id = opening.entity_id and months.period_month = opening.date_day

),

movements as (

    select
        connection_id,
        account_id,
        period_month,
        sum(debit_func) as debit_func,
        sum(credit_func) as credit_func,
        sum(net_func) as net_func
    from account_months
    group by connection_id, account_id, period_month

),

-- A profit and loss account starts each fiscal year at zero; a balance sheet account never does.
opened as (

    select
        spine.connection_id,
        spine.account_id,
        spine.period_month,
        sum(case
            when
                account_months.period_month < spine.period_month
                and (not spine.is_profit_and_loss or account_months.fiscal_year = spine.opening_fiscal_year)
                then account_months.net_func
        end) as opening_func,
        sum(case
            when not spine.is_profit_and_loss or account_months.fiscal_year = spine.closing_fiscal_year
                then account_months.net_func
        end) as closing_func
    from spine
    inner join account_months
        on
            spine.connection_id = account_months.connection_id
            and spine.account_id = account_months.account_id
            and spine.period_month >= account_months.period_month
    group by spine.connection_id, spine.account_id, spine.period_month

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

final as (

    select
        spine.entity_id,
        spine.connection_id,
        spine.period_month,
        spine.account_id,
        spine.account_code,
        spine.account_name,
        spine.account_class,
        cast(coalesce(opened.opening_func, 0) as decimal(20, 4)) as opening_func,
        cast(coalesce(movements.debit_func, 0) as decimal(20, 4)) as debit_func,
        cast(coalesce(movements.credit_func, 0) as decimal(20, 4)) as credit_func,
        cast(coalesce(opened.closing_func, 0) as decimal(20, 4)) as closing_func,
        cast(coalesce(movements.net_func, 0) as decimal(20, 4)) as amount_func,
        spine.currency_func,
        {{ posted('coalesce(movements.net_func, 0) * rates.average_rate', 'rates.to_currency') }} as amount_rpt,
        rates.to_currency as currency_rpt,
        rates.fx_status
    from spine
    left join movements
        on
            spine.connection_id = movements.connection_id
            and spine.account_id = movements.account_id
            and spine.period_month = movements.period_month
    left join opened
        on
            spine.connection_id = opened.connection_id
            and spine.account_id = opened.account_id
            and spine.period_month = opened.period_month
    inner join rates on spine.entity_id = rates.entity_id and spine.period_month = rates.period_month

)

select * from final
