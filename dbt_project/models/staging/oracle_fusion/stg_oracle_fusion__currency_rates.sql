with

source as (

    {{ completed_loads('oracle_fusion', 'currency_rates') }}

),

renamed as (

    select
        connection_id,
        rate_type,
        from_currency,
        to_currency,
        conversion_date as rate_date,
        cast(conversion_rate as decimal(38, 15)) as rate
    from source

)

select * from renamed
