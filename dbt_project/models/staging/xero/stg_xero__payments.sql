with

source as (

    {{ completed_loads('xero', 'payments') }}

),

renamed as (

    select
        connection_id,
        payment_id,
        lower(payment_type) as payment_type,
        lower(status) as status,
        date as payment_date,
        invoice_id,
        invoice_number,
        credit_note_id,
        prepayment_id,
        overpayment_id,
        batch_payment_id,
        account_id,
        account_code,
        amount as amount_txn,
        bank_amount,
        currency_rate as units_per_base,
        reference,
        updated_date_utc as updated_at,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
