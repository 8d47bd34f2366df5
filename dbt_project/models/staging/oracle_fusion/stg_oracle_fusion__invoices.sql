with

source as (

    {{ completed_loads('oracle_fusion', 'invoices') }}

),

renamed as (

    select
        connection_id,
        cast(invoice_id as varchar) as invoice_id,
        coalesce(voucher_number, invoice_number) as document_number,
        invoice_type,
        invoice_currency as currency_txn,
        invoice_amount as total_txn,
        base_amount as total_func,
        amount_paid as paid_txn,
        invoice_date,
        accounting_date,
        supplier_number,
        cast(supplier_id as varchar) as supplier_id,
        supplier as supplier_name,
        legal_entity,
        lower(validation_status) as validation_status,
        liability_distribution as combination_key,
        cast(conversion_rate as decimal(38, 15)) as func_per_txn,
        coalesce(canceled_flag, canceled_date is not null) as is_canceled,
        last_update_date as updated_at,
        _page_id
    from source

)

select * from renamed
