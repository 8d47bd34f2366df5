with

invoices as (

    select * from {{ ref('stg_oracle_fusion__receivables_invoices') }}

),

credit_memos as (

    select * from {{ ref('stg_oracle_fusion__receivables_credit_memos') }}

),

-- Extracts hold all classes of transactions in one file; the REST API has a list of each.
final as (

    select
        connection_id,
        customer_transaction_id,
        document_number,
        transaction_type,
        upper(transaction_type) = 'CM' as is_credit,
        transaction_date,
        currency_txn,
        total_txn,
        open_txn,
        func_per_txn,
        is_complete,
        due_date,
        customer_number,
        customer_name,
        legal_entity,
        updated_at,
        _page_id
    from invoices
    union all
    select
        connection_id,
        customer_transaction_id,
        document_number,
        transaction_type,
        true as is_credit,
        transaction_date,
        currency_txn,
        total_txn,
        open_txn,
        func_per_txn,
        is_complete,
        cast(null as date) as due_date,
        customer_number,
        customer_name,
        cast(null as varchar) as legal_entity,
        updated_at,
        _page_id
    from credit_memos

)

select * from final
