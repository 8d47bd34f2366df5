with

rates as (

    select * from {{ ref('stg_oracle_fusion__currency_rates') }}

),

books as (

    select * from {{ ref('int_oracle_fusion_books_conformed') }}

),

-- Units of the ledger's currency for one of the other; of several types the one that the pod converts with.
final as (

    select
        rates.connection_id,
        books.org_unit_id,
        rates.from_currency,
        rates.to_currency,
        rates.rate_date,
        cast(rates.rate as decimal(18, 9)) as rate
    from rates
    inner join books on rates.connection_id = books.connection_id and rates.to_currency = books.currency_func
    qualify
        row_number() over (
            partition by rates.connection_id, books.org_unit_id, rates.from_currency, rates.rate_date
            order by lower(rates.rate_type) <> 'corporate', rates.rate_type
        ) = 1

)

select * from final
