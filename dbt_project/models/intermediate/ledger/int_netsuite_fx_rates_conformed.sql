with

rates as (

    select * from {{ ref('stg_netsuite__currencyrate') }}

),

currencies as (

    select * from {{ ref('stg_netsuite__currency') }}

),

books as (

    select * from {{ ref('int_netsuite_books_conformed') }}

),

-- Units of the base currency for one unit of the other.
final as (

    select
        rates.connection_id,
        books.org_unit_id,
        quoted.currency_code as from_currency,
        base.currency_code as to_currency,
        rates.rate_date,
        cast(rates.base_per_unit as decimal(18, 9)) as rate
    from rates
    inner join currencies as quoted on rates.connection_id = quoted.connection_id and rates.currency_id = quoted.currency_id
    inner join currencies as base on rates.connection_id = base.connection_id and rates.base_currency_id = base.currency_id
    inner join books on rates.connection_id = books.connection_id

)

select * from final
