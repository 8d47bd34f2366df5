with

source as (

    {{ completed_loads('database', 'documents') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'documents' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone on source.connection_id = gone.connection_id and source.document_id = gone.row_key

),

renamed as (

    select
        connection_id,
        document_id,
        lower(kind) as document_type,
        number as document_number,
        ledger_id,
        party_id,
        document_date,
        due_date,
        currency as currency_txn,
        exchange_rate as units_per_base,
        total as total_txn,
        open_amount as open_txn,
        lower(status) as status,
        changed_at as updated_at,
        _page_id
    from there

)

select * from renamed
