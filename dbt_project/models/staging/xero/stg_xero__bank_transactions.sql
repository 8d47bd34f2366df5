with

source as (

    {{ completed_loads('xero', 'bank_transactions') }}

),

renamed as (

    select
        connection_id,
        bank_transaction_id,
        lower(type) as document_type,
        lower(status) as status,
        contact_id,
        date as document_date,
        reference,
        bank_account_id,
        bank_account_code,
        prepayment_id,
        overpayment_id,
        currency_code as currency_txn,
        currency_rate as units_per_base,
        lower(line_amount_types) as line_amount_types,
        sub_total as net_txn,
        total_tax as tax_txn,
        total as total_txn,
        is_reconciled,
        updated_date_utc as updated_at,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
