with

source as (

    {{ completed_loads('xero', 'credit_notes') }}

),

renamed as (

    select
        connection_id,
        credit_note_id,
        lower(type) as document_type,
        lower(status) as status,
        contact_id,
        date as document_date,
        credit_note_number,
        currency_code as currency_txn,
        currency_rate as units_per_base,
        total as total_txn,
        remaining_credit as remaining_credit_txn,
        updated_date_utc as updated_at,
        _page_id
    from source

)

select * from renamed
