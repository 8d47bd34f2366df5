with

accounting_lines as (

    select * from {{ ref('stg_netsuite__transactionaccountingline') }}
    where is_posting

),

lines as (

    select * from {{ ref('stg_netsuite__transactionline') }}

),

transactions as (

    select * from {{ ref('stg_netsuite__transaction') }}
    where is_posting

),

periods as (

    select * from {{ ref('stg_netsuite__accountingperiod') }}

),

departments as (

    select * from {{ ref('stg_netsuite__department') }}

),

currencies as (

    select * from {{ ref('stg_netsuite__currency') }}

),

final as (

    select
        accounting_lines.connection_id,
        coalesce(lines.subsidiary_id, 'all') as org_unit_id,
        accounting_lines.transaction_id || '|' || accounting_lines.line_id as line_id,
        coalesce(lines.line_number, try_cast(accounting_lines.line_id as bigint)) as line_number,
        accounting_lines.transaction_id as journal_id,
        transactions.transaction_number as journal_number,
        -- What is posted into another period than its day belongs to counts there.
        case
            when transactions.posting_date between periods.start_date and periods.end_date then transactions.posting_date
            else coalesce(periods.end_date, transactions.posting_date)
        end as posting_date,
        transactions.posting_date as document_date,
        transactions.created_at as entry_created_at,
        cast(null as integer) as fiscal_year_native,
        cast(null as integer) as fiscal_period_native,
        coalesce(periods.is_adjustment, false) as is_adjustment_period,
        accounting_lines.account_id,
        departments.department_name,
        lines.class_id as campaign_ref,
        lines.item_id as product_ref,
        coalesce(lines.party_id, transactions.party_id) as party_id,
        cast(null as varchar) as partner_ref,
        case transactions.transaction_type
            when 'CustInvc' then 'sale'
            when 'CashSale' then 'sale'
            when 'CustCred' then 'sale_credit'
            when 'VendBill' then 'purchase'
            when 'VendCred' then 'purchase_credit'
            when 'CustPymt' then 'payment_received'
            when 'CustRfnd' then 'payment_made'
            when 'VendPymt' then 'payment_made'
            when 'Check' then 'bank_spent'
            when 'Deposit' then 'bank_received'
            when 'Transfer' then 'bank_transfer'
            when 'Journal' then 'journal'
            else lower(transactions.transaction_type)
        end as document_kind,
        transactions.transaction_type as document_type,
        accounting_lines.transaction_id as document_id,
        transactions.transaction_number as document_number,
        coalesce(lines.description, transactions.description) as description,
        accounting_lines.amount_func,
        lines.amount_txn,
        currencies.currency_code as currency_txn,
        cast(null as varchar) as tax_code,
        transactions.is_reversal,
        case when transactions.is_reversal then transactions.reverses_transaction_id end as reverses_journal_id,
        transactions.transaction_type = 'Journal' as is_manual,
        transactions.created_by,
        accounting_lines._page_id,
        accounting_lines._dlt_load_id
    from accounting_lines
    inner join transactions
        on
            accounting_lines.connection_id = transactions.connection_id
            and accounting_lines.transaction_id = transactions.transaction_id
    left join lines
        on
            accounting_lines.connection_id = lines.connection_id
            and accounting_lines.transaction_id = lines.transaction_id
            and accounting_lines.line_id = lines.line_id
    left join periods on transactions.connection_id = periods.connection_id and transactions.period_id = periods.period_id
    left join departments on lines.connection_id = departments.connection_id and lines.department_id = departments.department_id
    left join currencies
        on transactions.connection_id = currencies.connection_id and transactions.currency_id = currencies.currency_id

)

select * from final
