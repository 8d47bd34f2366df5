with

there as (

    {{ rows_still_there('documents', 'source.document_id') }}

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
