with

account_months as (

    select * from {{ ref('fct_account_month') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

lines as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.period_month,
        lines.journal_id,
        lines.account_id,
        lines.group_account_code,
        lines.amount_func,
        lines.currency_func,
        chart.cash_flow_category = 'cash' as is_cash
    from {{ ref('fct_gl_line') }} as lines
    inner join chart on lines.group_account_code = chart.group_account_code

),

-- Indirect: whatever moves another account than cash has moved cash the other way round.
indirect as (

    select
        'indirect' as method,
        account_months.entity_id,
        account_months.connection_id,
        account_months.period_month,
        account_months.account_id,
        chart.cash_flow_category as category,
        chart.cash_flow_line as line,
        account_months.currency_func,
        -sum(account_months.net_func) as amount_func
    from account_months
    inner join chart on account_months.group_account_code = chart.group_account_code
    where chart.cash_flow_category <> 'cash'
    group by
        account_months.entity_id, account_months.connection_id, account_months.period_month, account_months.account_id,
        chart.cash_flow_category, chart.cash_flow_line, account_months.currency_func

),

cash_journals as (

    select distinct
        connection_id,
        journal_id
    from lines
    where is_cash

),

-- Direct: the other side of the journals that move cash, called by whom the money came from or went to.
direct as (

    select
        'direct' as method,
        lines.entity_id,
        lines.connection_id,
        lines.period_month,
        lines.account_id,
        chart.cash_flow_category as category,
        chart.direct_cash_flow_line as line,
        lines.currency_func,
        -sum(lines.amount_func) as amount_func
    from lines
    inner join cash_journals on lines.connection_id = cash_journals.connection_id and lines.journal_id = cash_journals.journal_id
    inner join chart on lines.group_account_code = chart.group_account_code
    where not lines.is_cash
    group by
        lines.entity_id, lines.connection_id, lines.period_month, lines.account_id, chart.cash_flow_category,
        chart.direct_cash_flow_line, lines.currency_func

),

final as (

    select * from indirect
    union all
    select * from direct

)

select * from final
