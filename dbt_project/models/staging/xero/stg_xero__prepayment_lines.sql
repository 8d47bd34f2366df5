with

parts as (

    {{ completed_loads('xero', 'prepayment_lines') }}

),

documents as (

    {{ completed_loads('xero', 'prepayments') }}

),

-- A document and its parts travel in one load: what is older than the document is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join documents
        on
            parts.connection_id = documents.connection_id
            and parts.prepayment_id = documents.prepayment_id
            and parts._dlt_load_id = documents._dlt_load_id

),

renamed as (

    select
        connection_id,
        prepayment_id,
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
