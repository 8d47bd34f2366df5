with

source as (

    {{ completed_loads('ecb', 'exchange_rates') }}

),

renamed as (

    select
        currency,
        rate_date,
        cast(units_per_eur as decimal(18, 9)) as units_per_eur
    from source

)

select * from renamed
