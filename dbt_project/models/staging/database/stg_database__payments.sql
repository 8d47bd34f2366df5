with

source as (

    {{ completed_loads('database', 'payments') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'payments' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone on source.connection_id = gone.connection_id and source.payment_id = gone.row_key

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
