with

movements as (

    select * from {{ ref('fct_cash_flow_month') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

cash as (

    select
        balances.entity_id,
        balances.connection_id,
        balances.period_month,
        balances.currency_func,
        balances.currency_rpt,
        balances.fx_status,
        sum(balances.amount_func) as closing_func,
        sum(balances.amount_rpt) as closing_rpt
    from {{ ref('balance_sheet') }} as balances
    inner join chart on balances.group_account_code = chart.group_account_code
    where chart.cash_flow_category = 'cash'
    group by
        balances.entity_id, balances.connection_id, balances.period_month, balances.currency_func, balances.currency_rpt,
        balances.fx_status

),

opened as (

    select
        *,
        coalesce(lag(closing_func) over balances, 0) as opening_func,
        coalesce(lag(closing_rpt) over balances, 0) as opening_rpt
    from cash
    window balances as (partition by entity_id, connection_id order by period_month)

),

-- Translated by account, as the profit and loss is: net income is the same in both.
translated as (

    select
        movements.method,
        movements.entity_id,
        movements.connection_id,
        movements.period_month,
        movements.category,
        movements.line,
        cast(sum(movements.amount_func) as decimal(20, 4)) as amount_func,
        movements.currency_func,
        cast(sum({{ posted('movements.amount_func * rates.average_rate', 'rates.to_currency') }}) as decimal(20, 4)) as amount_rpt,
        rates.to_currency as currency_rpt,
        rates.fx_status
    from movements
    inner join rates on movements.entity_id = rates.entity_id and movements.period_month = rates.period_month
    group by
        movements.method, movements.entity_id, movements.connection_id, movements.period_month, movements.category, movements.line,
        movements.currency_func, rates.to_currency, rates.fx_status

),

totals as (

    select
        method,
        entity_id,
        connection_id,
        period_month,
        sum(amount_func) as amount_func,
        sum(amount_rpt) as amount_rpt
    from translated
    group by method, entity_id, connection_id, period_month

),

methods as (

    select 'indirect' as method
    union all
    select 'direct' as method

),

-- Cash at both ends, and what the rates between them have made of it.
framed as (

    select
        methods.method,
        opened.*,
        coalesce(totals.amount_rpt, 0) as flows_rpt
    from opened
    cross join methods
    left join totals
        on
            methods.method = totals.method
            and opened.entity_id = totals.entity_id
            and opened.connection_id = totals.connection_id
            and opened.period_month = totals.period_month

),

every_row as (

    select
        method,
        entity_id,
        connection_id,
        period_month,
        category,
        line,
        amount_func,
        currency_func,
        amount_rpt,
        currency_rpt,
        fx_status
    from translated
    union all
    select
        method,
        entity_id,
        connection_id,
        period_month,
        'opening_cash' as category,
        'Cash at the beginning' as line,
        cast(opening_func as decimal(20, 4)) as amount_func,
        currency_func,
        cast(opening_rpt as decimal(20, 4)) as amount_rpt,
        currency_rpt,
        fx_status
    from framed
    union all
    select
        method,
        entity_id,
        connection_id,
        period_month,
        'exchange_effect' as category,
        'Effect of exchange rates on cash' as line,
        cast(0 as decimal(20, 4)) as amount_func,
        currency_func,
        cast(closing_rpt - opening_rpt - flows_rpt as decimal(20, 4)) as amount_rpt,
        currency_rpt,
        fx_status
    from framed
    where currency_func <> currency_rpt
    union all
    select
        method,
        entity_id,
        connection_id,
        period_month,
        'closing_cash' as category,
        'Cash at the end' as line,
        cast(closing_func as decimal(20, 4)) as amount_func,
        currency_func,
        cast(closing_rpt as decimal(20, 4)) as amount_rpt,
        currency_rpt,
        fx_status
    from framed

),

final as (

    select
        method,
        entity_id,
        connection_id,
        period_month,
        category,
        line,
        amount_func,
        currency_func,
        amount_rpt,
        currency_rpt,
        fx_status
    from every_row

)

select * from final
