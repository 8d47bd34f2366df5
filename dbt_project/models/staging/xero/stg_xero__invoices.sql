with

source as (

    {{ completed_loads('xero', 'invoices') }}

),

renamed as (

    select
        connection_id,
        invoice_id,
        lower(type) as document_type,
        lower(status) as status,
        contact_id,
        date as document_date,
        due_date,
        invoice_number,
        currency_code as currency_txn,
        currency_rate as units_per_base,
        total as total_txn,
        amount_due as amount_due_txn,
        updated_date_utc as updated_at,
        _page_id
    from source

)

select * from renamed
