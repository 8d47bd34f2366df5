with

source as (

    {{ completed_loads('oracle_fusion', 'receivables_invoices') }}

),

renamed as (

    select
        connection_id,
        cast(customer_transaction_id as varchar) as customer_transaction_id,
        transaction_number as document_number,
        transaction_type,
        transaction_date,
        invoice_currency_code as currency_txn,
        entered_amount as total_txn,
        invoice_balance_amount as open_txn,
        cast(conversion_rate as decimal(38, 15)) as func_per_txn,
        coalesce(lower(invoice_status), 'complete') in ('complete', 'y') as is_complete,
        due_date,
        bill_to_customer_number as customer_number,
        bill_to_customer_name as customer_name,
        legal_entity_identifier as legal_entity,
        last_update_date as updated_at,
        _page_id
    from source

)

select * from renamed
