with

parts as (

    {{ completed_loads('xero', 'bank_transaction_lines') }}

),

documents as (

    {{ completed_loads('xero', 'bank_transactions') }}

),

-- A document and its parts travel in one load: what is older than the document is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join documents
        on
            parts.connection_id = documents.connection_id
            and parts.bank_transaction_id = documents.bank_transaction_id
            and parts._dlt_load_id = documents._dlt_load_id

),

renamed as (

    select
        connection_id,
        bank_transaction_id,
        line_item_id,
        line_number,
        account_id,
        nullif(account_code, '') as account_code,
        description,
        quantity,
        line_amount as amount_txn,
        tax_amount as tax_txn,
        nullif(tax_type, '') as tax_code,
        nullif(item_code, '') as item_code
    from current_parts

)

select * from renamed
