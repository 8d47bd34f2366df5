-- Cash as it moved day by day, by whom it came from or went to: what the direct cash flow sums by month.
with

chart as (

    select * from {{ ref('dim_group_account') }}

),

lines as (

    select
        lines.*,
        chart.cash_flow_category,
        chart.direct_cash_flow_line
    from {{ ref('fct_gl_line') }} as lines
    inner join chart on lines.group_account_code = chart.group_account_code

),

cash_journals as (

    select distinct
        connection_id,
        journal_id
    from lines
    where cash_flow_category = 'cash'

),

-- The first month of books brings the balances with which they open: nobody has paid those.
first_months as (

    select
        entity_id,
        min(period_month) as first_month
    from lines
    group by entity_id

),

final as (

    select
        lines.entity_id,
        lines.posting_date,
        lines.cash_flow_category,
        lines.direct_cash_flow_line as cash_line,
        concat_ws('|', lines.entity_id, lines.direct_cash_flow_line) as leaf_key,
        cast(-sum(lines.amount_func) as decimal(20, 4)) as amount_func,
        lines.currency_func
    from lines
    inner join cash_journals on lines.connection_id = cash_journals.connection_id and lines.journal_id = cash_journals.journal_id
    inner join first_months on lines.entity_id = first_months.entity_id
    where lines.cash_flow_category <> 'cash' and lines.period_month > first_months.first_month
    group by lines.entity_id, lines.posting_date, lines.cash_flow_category, lines.direct_cash_flow_line, lines.currency_func

)

select * from final
