with

source as (

    {{ completed_loads('oracle_fusion', 'journal_headers') }}

),

renamed as (

    select
        connection_id,
        journal_key,
        je_batch_id as batch_id,
        coalesce(journal_name, name) as journal_name,
        journal_description,
        cast(ledger_id as varchar) as ledger_id,
        ledger_name,
        currency_code as currency_txn,
        period_name,
        default_effective_date as effective_date,
        coalesce(user_je_category_name, je_category) as category_name,
        je_source as source_name,
        upper(status) as status,
        upper(actual_flag) as balance_type,
        cast(currency_conversion_rate as decimal(38, 15)) as func_per_txn,
        legal_entity_name,
        external_reference,
        accrual_reversal_je_header_name as reversed_by_name,
        accrual_reversal_effective_date as reversed_on_date,
        cast(reversed_je_header_id as varchar) as reverses_header_id,
        cast(je_header_id as varchar) as header_id,
        created_by,
        creation_date as created_at,
        _page_id
    from source

)

select * from renamed
