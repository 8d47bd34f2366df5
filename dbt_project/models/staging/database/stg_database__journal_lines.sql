with

rows_there as (

    {{ rows_still_there('journal_lines', 'source.line_key') }}

),

deleted_journals as (

    {{ completed_loads('database', 'deleted_journals') }}

),

there as (

    select rows_there.*
    from rows_there
    anti join deleted_journals
        on rows_there.connection_id = deleted_journals.connection_id and rows_there.journal_id = deleted_journals.journal_id

),

renamed as (

    select
        connection_id,
        line_key,
        journal_id,
        coalesce(journal_number, journal_id) as journal_number,
        line_number,
        ledger_id,
        posting_date,
        coalesce(document_date, posting_date) as document_date,
        created_at,
        account_id,
        amount as amount_func,
        functional_currency as currency_func,
        transaction_amount as amount_txn,
        transaction_currency as currency_txn,
        lower(document_type) as document_type,
        document_id,
        document_number,
        party_id,
        partner_ledger_id,
        department as department_name,
        campaign,
        product,
        tax_code,
        description,
        created_by,
        reversal_of,
        coalesce(is_adjustment_period, false) as is_adjustment_period,
        _page_id,
        _dlt_load_id
    from there

)

select * from renamed
