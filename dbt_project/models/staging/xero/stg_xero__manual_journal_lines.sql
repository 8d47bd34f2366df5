with

parts as (

    {{ completed_loads('xero', 'manual_journal_lines') }}

),

documents as (

    {{ completed_loads('xero', 'manual_journals') }}

),

-- A document and its parts travel in one load: what is older than the document is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join documents
        on
            parts.connection_id = documents.connection_id
            and parts.manual_journal_id = documents.manual_journal_id
            and parts._dlt_load_id = documents._dlt_load_id

),

renamed as (

    select
        connection_id,
        manual_journal_id,
        line_number,
        account_id,
        nullif(account_code, '') as account_code,
        description,
        line_amount as amount_func,
        tax_amount as tax_func,
        nullif(tax_type, '') as tax_code
    from current_parts

)

select * from renamed
