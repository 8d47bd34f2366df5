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
        credit_note_id,
        account_id,
        amount as amount_txn,
        currency_rate as units_per_base,
        reference,
        updated_date_utc as updated_at,
        _page_id
    from source

)

select * from renamed
