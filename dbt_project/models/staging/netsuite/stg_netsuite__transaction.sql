with

source as (

    {{ completed_loads('netsuite', 'transaction') }}

),

renamed as (

    select
        connection_id,
        id as transaction_id,
        coalesce(tranid, transactionnumber) as transaction_number,
        type as transaction_type,
        entity as party_id,
        trandate as posting_date,
        duedate as due_date,
        createddate as created_at,
        createdby as created_by,
        lastmodifieddate as updated_at,
        postingperiod as period_id,
        coalesce(posting, false) as is_posting,
        upper(split_part(status, ':', -1)) as status,
        currency as currency_id,
        exchangerate as func_per_txn,
        foreigntotal as total_txn,
        foreignamountunpaid as open_txn,
        memo as description,
        coalesce(isreversal, false) as is_reversal,
        reversal as reverses_transaction_id,
        coalesce(voided, false) or coalesce(void, false) as is_voided,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
