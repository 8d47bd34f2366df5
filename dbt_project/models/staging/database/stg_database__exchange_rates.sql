with

there as (

    {{ rows_still_there('exchange_rates', "source.from_currency || '|' || source.to_currency || '|' || source.rate_date") }}

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
