with

transactions as (

    select * from {{ ref('stg_netsuite__transaction') }}
    where transaction_type in ('CustPymt', 'CustRfnd', 'VendPymt') and is_posting

),

main_lines as (

    select
        lines.connection_id,
        lines.transaction_id,
        lines.subsidiary_id,
        accounting_lines.account_id,
        accounting_lines.amount_func
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
        transactions.transaction_id as payment_id,
        case when main_lines.amount_func >= 0 then 'received' else 'made' end as payment_kind,
        transactions.posting_date as payment_date,
        cast(null as varchar) as document_id,
        main_lines.account_id as bank_account_id,
        currencies.currency_code as currency_txn,
        {{ money('abs(coalesce(transactions.total_txn, 0))') }} as amount_txn,
        {{ money('abs(main_lines.amount_func)') }} as amount_func,
        case when transactions.is_voided then 'voided' else 'authorised' end as status
    from transactions
    inner join main_lines
        on transactions.connection_id = main_lines.connection_id and transactions.transaction_id = main_lines.transaction_id
    left join currencies
        on transactions.connection_id = currencies.connection_id and transactions.currency_id = currencies.currency_id

)

select * from final
