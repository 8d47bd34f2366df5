with

ties as (

    select * from {{ ref('subledger_tie') }}

),

documents as (

    select * from {{ ref('fct_document') }}

),

payments as (

    select * from {{ ref('fct_payment') }}
    where status not in ('deleted', 'voided')

),

ledger_lines as (

    select
        lines.entity_id,
        cast(date_trunc('month', lines.posting_date) as date) as calendar_month,
        lines.document_kind,
        accounts.account_type,
        accounts.system_role,
        lines.currency_func,
        sum(lines.amount_func) as amount_func
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    group by
        lines.entity_id, cast(date_trunc('month', lines.posting_date) as date), lines.document_kind, accounts.account_type,
        accounts.system_role, lines.currency_func

),

today as (

    select * from {{ ref('dim_as_of') }}

),

subledgers as (

    select
        ties.entity_id,
        cast(date_trunc('month', today.as_of_date) as date) as period_month,
        'open ' || ties.ledger || 's' as topic,
        'open documents' as first_source,
        'control account' as second_source,
        ties.subledger_amount as first_amount,
        ties.control_amount as second_amount,
        ties.currency_func as currency,
        least(ties.tolerance, 1) as tolerance
    from ties
    cross join today

),

billed as (

    select
        entity_id,
        cast(date_trunc('month', document_date) as date) as period_month,
        any_value(currency_func) as currency,
        sum(case document_kind when 'sale' then total_func else -total_func end) as amount,
        count(*) as document_count
    from documents
    where document_kind in ('sale', 'sale_credit') and status in ('open', 'paid')
    group by entity_id, cast(date_trunc('month', document_date) as date)

),

posted_sales as (

    select
        entity_id,
        calendar_month,
        sum(amount_func) as amount
    from ledger_lines
    where document_kind in ('sale', 'sale_credit') and system_role in ('receivable', 'intercompany_receivable')
    group by entity_id, calendar_month

),

billing_entities as (

    select distinct entity_id
    from posted_sales

),

billing as (

    select
        billed.entity_id,
        billed.period_month,
        'billing' as topic,
        'invoices and credit notes' as first_source,
        'their journals on control accounts' as second_source,
        billed.amount as first_amount,
        coalesce(posted_sales.amount, 0) as second_amount,
        billed.currency,
        0.01 * billed.document_count as tolerance
    from billed
    inner join billing_entities on billed.entity_id = billing_entities.entity_id
    left join posted_sales on billed.entity_id = posted_sales.entity_id and billed.period_month = posted_sales.calendar_month

),

paid as (

    select
        entity_id,
        cast(date_trunc('month', payment_date) as date) as period_month,
        any_value(currency_func) as currency,
        sum(case payment_kind when 'received' then amount_func else -amount_func end) as amount,
        count(*) as payment_count
    from payments
    group by entity_id, cast(date_trunc('month', payment_date) as date)

),

moved as (

    select
        entity_id,
        calendar_month,
        sum(amount_func) as amount
    from ledger_lines
    where account_type in ('bank', 'credit_card') and document_kind in ('payment_received', 'payment_made')
    group by entity_id, calendar_month

),

bank as (

    select
        paid.entity_id,
        paid.period_month,
        'payments' as topic,
        'payments' as first_source,
        'their journals on bank accounts' as second_source,
        paid.amount as first_amount,
        coalesce(moved.amount, 0) as second_amount,
        paid.currency,
        least(0.01 * paid.payment_count, 1) as tolerance
    from paid
    left join moved on paid.entity_id = moved.entity_id and paid.period_month = moved.calendar_month

),

profits as (

    select
        entity_id,
        period_month,
        any_value(currency_func) as currency,
        sum(case account_class when 'revenue' then amount_func else -amount_func end) as amount
    from {{ ref('profit_and_loss') }}
    group by entity_id, period_month

),

equity as (

    select
        entity_id,
        period_month,
        sum(amount_func) as amount
    from {{ ref('balance_sheet') }}
    where account_id in ('retained_earnings_system', 'current_year_earnings')
    group by entity_id, period_month

),

equity_changes as (

    select
        entity_id,
        period_month,
        amount - coalesce(lag(amount) over (partition by entity_id order by period_month), 0) as amount
    from equity

),

earnings as (

    select
        profits.entity_id,
        profits.period_month,
        'profit' as topic,
        'profit and loss' as first_source,
        'change of earnings in the balance sheet' as second_source,
        profits.amount as first_amount,
        coalesce(equity_changes.amount, 0) as second_amount,
        profits.currency,
        0 as tolerance
    from profits
    left join equity_changes on profits.entity_id = equity_changes.entity_id and profits.period_month = equity_changes.period_month

),

cash as (

    select
        entity_id,
        period_month,
        'cash (' || method || ')' as topic,
        'cash flow' as first_source,
        'change of cash in the balance sheet' as second_source,
        sum(case when category in ('operating', 'investing', 'financing', 'unmapped') then amount_func else 0 end) as first_amount,
        sum(case category when 'closing_cash' then amount_func when 'opening_cash' then -amount_func else 0 end) as second_amount,
        any_value(currency_func) as currency,
        0 as tolerance
    from {{ ref('cash_flow') }}
    group by entity_id, period_month, method

),

intercompany as (

    select
        buyer_entity_id as entity_id,
        period_month,
        'charges of ' || seller_entity_id as topic,
        'what the seller billed' as first_source,
        'what the buyer entered' as second_source,
        sum(seller_amount_txn) as first_amount,
        sum(buyer_amount_txn) as second_amount,
        currency_txn as currency,
        0 as tolerance
    from {{ ref('intercompany_matching') }}
    group by buyer_entity_id, period_month, seller_entity_id, currency_txn

),

every_row as (

    select * from subledgers
    union all
    select * from billing
    union all
    select * from bank
    union all
    select * from earnings
    union all
    select * from cash
    union all
    select * from intercompany

),

final as (

    select
        entity_id,
        period_month,
        topic,
        first_source,
        second_source,
        cast(first_amount as decimal(20, 4)) as first_amount,
        cast(second_amount as decimal(20, 4)) as second_amount,
        cast(first_amount - second_amount as decimal(20, 4)) as difference,
        currency,
        cast(tolerance as decimal(20, 4)) as tolerance,
        abs(first_amount - second_amount) <= tolerance as agrees
    from every_row

)

select * from final
