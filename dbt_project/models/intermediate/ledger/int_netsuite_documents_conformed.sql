with

transactions as (

    select * from {{ ref('stg_netsuite__transaction') }}
    where transaction_type in ('CustInvc', 'CustCred', 'VendBill', 'VendCred')

),

-- The main line is the document's side on its control account.
main_lines as (

    select
        lines.connection_id,
        lines.transaction_id,
        lines.subsidiary_id,
        accounting_lines.amount_func,
        accounting_lines.open_func
    from {{ ref('stg_netsuite__transactionline') }} as lines
    inner join {{ ref('stg_netsuite__transactionaccountingline') }} as accounting_lines
        on
            lines.connection_id = accounting_lines.connection_id
            and lines.transaction_id = accounting_lines.transaction_id
            and lines.line_id = accounting_lines.line_id
    where lines.is_main_line

),

currencies as (

    select * from {{ ref('stg_netsuite__currency') }}

),

final as (

    select
        transactions.connection_id,
        coalesce(main_lines.subsidiary_id, 'all') as org_unit_id,
        transactions.transaction_id as document_id,
        transactions.transaction_number as document_number,
        case transactions.transaction_type
            when 'CustInvc' then 'sale'
            when 'CustCred' then 'sale_credit'
            when 'VendBill' then 'purchase'
            else 'purchase_credit'
        end as document_kind,
        transactions.transaction_type as document_type,
        transactions.party_id,
        cast(null as varchar) as partner_ref,
        transactions.posting_date as document_date,
        transactions.due_date,
        currencies.currency_code as currency_txn,
        {{ money('abs(coalesce(transactions.total_txn, 0))') }} as total_txn,
        {{ money('case when transactions.is_posting then coalesce(transactions.open_txn, 0) else 0 end') }} as open_txn,
        {{ money('abs(main_lines.amount_func)') }} as total_func,
        {{ money('case when transactions.is_posting then coalesce(main_lines.open_func, 0) else 0 end') }} as open_func,
        case
            when transactions.is_voided then 'voided'
            when not transactions.is_posting then 'draft'
            when coalesce(main_lines.open_func, 0) <> 0 then 'open'
            else 'paid'
        end as status,
        transactions.updated_at,
        transactions._page_id
    from transactions
    inner join main_lines
        on transactions.connection_id = main_lines.connection_id and transactions.transaction_id = main_lines.transaction_id
    left join currencies
        on transactions.connection_id = currencies.connection_id and transactions.currency_id = currencies.currency_id

)

select * from final
