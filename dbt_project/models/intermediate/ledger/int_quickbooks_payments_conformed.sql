with

transactions as (

    select * from {{ ref('int_quickbooks_transactions_listed') }}

),

settled as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        case when count(distinct linked_id) = 1 then any_value(linked_id) end as document_id
    from {{ ref('int_quickbooks_settlements_listed') }}
    group by connection_id, transaction_type, transaction_id

),

paid as (

    select
        transactions.connection_id,
        transactions.org_unit_id,
        transactions.transaction_id as payment_id,
        case transactions.document_kind when 'payment_received' then 'received' else 'made' end as payment_kind,
        transactions.posting_date,
        settled.document_id,
        transactions.money_account_id,
        transactions.currency_txn,
        transactions.currency_func,
        transactions.func_per_txn,
        transactions.total_txn as amount_txn,
        transactions.is_voided
    from transactions
    left join settled
        on
            transactions.connection_id = settled.connection_id
            and transactions.transaction_type = settled.transaction_type
            and transactions.transaction_id = settled.transaction_id
    -- A payment of nothing sets a credit against a document: no money moves. A deposit moves it once more.
    where
        transactions.document_kind in ('payment_received', 'payment_made')
        and transactions.transaction_type in ('Payment', 'BillPayment', 'Purchase')
        and (transactions.total_txn <> 0 or transactions.is_voided)
    union all
    -- What a customer paid with the invoice itself has no transaction of its own.
    select
        connection_id,
        org_unit_id,
        transaction_id || '|deposit' as payment_id,
        'received' as payment_kind,
        posting_date,
        transaction_id as document_id,
        money_account_id,
        currency_txn,
        currency_func,
        func_per_txn,
        deposit_txn as amount_txn,
        is_voided
    from transactions
    where transaction_type = 'Invoice' and deposit_txn <> 0

),

final as (

    select
        connection_id,
        org_unit_id,
        payment_id,
        payment_kind,
        posting_date as payment_date,
        document_id,
        money_account_id as bank_account_id,
        currency_txn,
        {{ money('amount_txn') }} as amount_txn,
        {{ posted('cast(amount_txn as decimal(20, 6)) * cast(func_per_txn as decimal(18, 12))', 'currency_func') }} as amount_func,
        case when is_voided then 'voided' else 'authorised' end as status
    from paid

)

select * from final
