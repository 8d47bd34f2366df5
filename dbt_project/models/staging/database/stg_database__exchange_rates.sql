with

source as (

    {{ completed_loads('database', 'exchange_rates') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'exchange_rates' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone
        on
            source.connection_id = gone.connection_id
            and source.from_currency || '|' || source.to_currency || '|' || source.rate_date = gone.row_key

),

renamed as (

    select
        connection_id,
        from_currency,
        to_currency,
        rate_date,
        rate
    from there

)

select * from renamed
