with

source as (

    {{ completed_loads('database', 'periods') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'periods' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone on source.connection_id = gone.connection_id and source.period_id = gone.row_key

),

renamed as (

    select
        connection_id,
        period_id,
        ledger_id,
        fiscal_year,
        period_number,
        start_date,
        end_date,
        coalesce(is_closed, false) as is_closed,
        coalesce(is_adjustment, false) as is_adjustment
    from there

)

select * from renamed
