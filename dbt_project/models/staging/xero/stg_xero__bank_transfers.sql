with

source as (

    {{ completed_loads('xero', 'bank_transfers') }}

),

renamed as (

    select
        connection_id,
        bank_transfer_id,
        lower(status) as status,
        date as transfer_date,
        from_account_id,
        from_account_code,
        to_account_id,
        to_account_code,
        amount as amount_txn,
        currency_rate as units_per_base,
        reference,
        created_date_utc as created_at,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
