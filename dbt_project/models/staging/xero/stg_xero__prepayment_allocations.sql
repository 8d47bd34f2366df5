with

parts as (

    {{ completed_loads('xero', 'prepayment_allocations') }}

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
        position,
        allocation_id,
        invoice_id,
        date as allocation_date,
        amount as amount_txn,
        coalesce(is_deleted, false) as is_deleted
    from current_parts

)

select * from renamed
