with

source as (

    {{ completed_loads('database', 'ledgers') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'ledgers' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone on source.connection_id = gone.connection_id and source.ledger_id = gone.row_key

),

renamed as (

    select
        connection_id,
        ledger_id,
        name as ledger_name,
        currency as currency_func,
        country as country_code,
        fiscal_year_end_month,
        fiscal_year_end_day
    from there

)

select * from renamed
