with

source as (

    {{ completed_loads('quickbooks', 'exchange_rates') }}

),

renamed as (

    select
        connection_id,
        source_currency_code as from_currency,
        target_currency_code as to_currency,
        as_of_date as rate_date,
        rate
    from source

)

select * from renamed
