with

rates as (

    select * from {{ ref('stg_database__exchange_rates') }}

),

books as (

    select * from {{ ref('int_database_books_conformed') }}

),

final as (

    select
        rates.connection_id,
        books.org_unit_id,
        rates.from_currency,
        rates.to_currency,
        rates.rate_date,
        cast(rates.rate as decimal(18, 9)) as rate
    from rates
    inner join books
        on rates.connection_id = books.connection_id and books.currency_func in (rates.from_currency, rates.to_currency)

)

select * from final
