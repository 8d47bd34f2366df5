with

source as (

    {{ completed_loads('oracle_fusion', 'receivables_credit_memos') }}

),

renamed as (

    select
        connection_id,
        cast(customer_transaction_id as varchar) as customer_transaction_id,
        transaction_number as document_number,
        transaction_type,
        transaction_date,
        credit_memo_currency as currency_txn,
        entered_amount as total_txn,
        transaction_balance_due as open_txn,
        cast(conversion_rate as decimal(38, 15)) as func_per_txn,
        lower(coalesce(credit_memo_status, 'complete')) = 'complete' as is_complete,
        bill_to_customer_number as customer_number,
        bill_to_customer_name as customer_name,
        last_update_date as updated_at,
        _page_id
    from source

)

select * from renamed
