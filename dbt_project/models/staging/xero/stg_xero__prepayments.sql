with

source as (

    {{ completed_loads('xero', 'prepayments') }}

),

renamed as (

    select
        connection_id,
        prepayment_id,
        lower(type) as document_type,
        lower(status) as status,
        contact_id,
        date as document_date,
        reference,
        invoice_number,
        currency_code as currency_txn,
        currency_rate as units_per_base,
        lower(line_amount_types) as line_amount_types,
        sub_total as net_txn,
        total_tax as tax_txn,
        total as total_txn,
        remaining_credit as remaining_credit_txn,
        updated_date_utc as updated_at,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
