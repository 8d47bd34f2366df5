with

source as (

    {{ completed_loads('oracle_fusion', 'journal_lines') }}

),

renamed as (

    select
        connection_id,
        journal_key,
        je_line_number as line_number,
        coalesce(account_combination, cast(code_combination_id as varchar)) as combination_key,
        account_combination,
        coalesce(accounted_dr, 0) - coalesce(accounted_cr, 0) as amount_func,
        coalesce(entered_dr, 0) - coalesce(entered_cr, 0) as amount_txn,
        currency_code as currency_txn,
        description,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
