with

source as (

    {{ completed_loads('xero', 'journals') }}

),

renamed as (

    select
        connection_id,
        journal_id,
        journal_number,
        journal_date as posting_date,
        created_date_utc as created_at,
        reference,
        source_id,
        lower(source_type) as source_type,
        _page_id
    from source

)

select * from renamed
