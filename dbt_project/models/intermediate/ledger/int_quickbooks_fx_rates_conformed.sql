with

rates as (

    select * from {{ ref('stg_quickbooks__exchange_rates') }}
    where rate > 0

),

books as (

    select * from {{ ref('int_quickbooks_books_conformed') }}

),

-- Units of the home currency for one unit of the other.
final as (

    select
        rates.connection_id,
        books.org_unit_id,
        rates.from_currency,
        coalesce(rates.to_currency, books.currency_func) as to_currency,
        rates.rate_date,
        cast(rates.rate as decimal(18, 9)) as rate
    from rates
    inner join books on rates.connection_id = books.connection_id

)

select * from final
