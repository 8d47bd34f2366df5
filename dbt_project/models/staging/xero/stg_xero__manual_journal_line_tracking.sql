with

parts as (

    {{ completed_loads('xero', 'manual_journal_line_tracking') }}

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
        tracking_category_id,
        tracking_option_id,
        lower(name) as category_name,
        option as option_name
    from current_parts

)

select * from renamed
