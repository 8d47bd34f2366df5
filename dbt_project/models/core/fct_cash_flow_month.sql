with

chart as (

    select * from {{ ref('dim_group_account') }}

),

between_entities as (

    select * from {{ ref('fct_intercompany_line') }}
    where eliminated_by = 'partner'

),

cash_journals as (

    select distinct
        lines.connection_id,
        lines.journal_id
    from {{ ref('fct_gl_line') }} as lines
    inner join chart on lines.group_account_code = chart.group_account_code
    where chart.cash_flow_category = 'cash'

),

-- Whatever moves another account than cash has moved cash the other way round. Added up before it is told twice: lines are many.
moves as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.period_month,
        lines.account_id,
        lines.currency_func,
        chart.cash_flow_category as category,
        chart.cash_flow_line,
        chart.direct_cash_flow_line,
        cash_journals.journal_id is not null as is_with_cash,
        sum(-lines.amount_func) as amount_func,
        sum(case when lines.is_in_group then -lines.amount_func else 0 end) as amount_func_in_group,
        sum(case when between_entities.gl_line_key is null then 0 else -lines.amount_func end) as between_entities_func
    from {{ ref('fct_gl_line') }} as lines
    inner join chart on lines.group_account_code = chart.group_account_code
    left join between_entities on lines.gl_line_key = between_entities.gl_line_key
    left join cash_journals on lines.connection_id = cash_journals.connection_id and lines.journal_id = cash_journals.journal_id
    where chart.cash_flow_category <> 'cash'
    group by all

),

-- Indirect: what all other accounts moved. Direct: the other side of the journals that move cash, called by whom the money came from
-- or went to.
flows as (

    select
        'indirect' as method,
        cash_flow_line as line,
        moves.*
    from moves
    union all
    select
        'direct' as method,
        direct_cash_flow_line as line,
        moves.*
    from moves
    where is_with_cash

),

final as (

    select
        method,
        entity_id,
        connection_id,
        period_month,
        account_id,
        category,
        line,
        currency_func,
        sum(amount_func) as amount_func,
        sum(amount_func_in_group) as amount_func_in_group,
        sum(between_entities_func) as between_entities_func
    from flows
    group by method, entity_id, connection_id, period_month, account_id, category, line, currency_func

)

select * from final
