with

parts as (

    {{ completed_loads('xero', 'batch_payment_payments') }}

),

documents as (

    {{ completed_loads('xero', 'batch_payments') }}

),

-- A document and its parts travel in one load: what is older than the document is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join documents
        on
            parts.connection_id = documents.connection_id
            and parts.batch_payment_id = documents.batch_payment_id
            and parts._dlt_load_id = documents._dlt_load_id

),

renamed as (

    select
        connection_id,
        batch_payment_id,
        payment_id,
        invoice_id,
        amount as amount_txn
    from current_parts

)

select * from renamed
