with

there as (

    {{ rows_still_there('payments', 'source.payment_id') }}

),

renamed as (

    select
        connection_id,
        payment_id,
        ledger_id,
        document_id,
        party_id,
        account_id,
        payment_date,
        currency as currency_txn,
        amount as amount_txn,
        exchange_rate as units_per_base,
        functional_amount as amount_func,
        lower(status) as status
    from there

)

select * from renamed
