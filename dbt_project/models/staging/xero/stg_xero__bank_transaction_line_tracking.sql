with

parts as (

    {{ completed_loads('xero', 'bank_transaction_line_tracking') }}

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
        tracking_category_id,
        tracking_option_id,
        lower(name) as category_name,
        option as option_name
    from current_parts

)

select * from renamed
