with

source as (

    {{ completed_loads('xero', 'manual_journals') }}

),

renamed as (

    select
        connection_id,
        manual_journal_id,
        narration,
        date as posting_date,
        lower(status) as status,
        lower(line_amount_types) as line_amount_types,
        updated_date_utc as updated_at,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
