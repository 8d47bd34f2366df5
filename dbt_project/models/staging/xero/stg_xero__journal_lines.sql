with

source as (

    {{ completed_loads('xero', 'journal_lines') }}

),

renamed as (

    select
        connection_id,
        journal_line_id,
        journal_id,
        line_number,
        account_id,
        account_code,
        account_name,
        lower(account_type) as account_type,
        description,
        net_amount as amount_func,
        tax_amount as tax_amount_func,
        nullif(tax_type, '') as tax_code,
        _dlt_load_id,
        _page_id
    from source

)

select * from renamed
