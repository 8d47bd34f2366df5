with

items as (

    select * from {{ ref('stg_sap__operational_items') }}
    where currency_txn <> currency_func and exchange_rate <> 0

),

-- A rate with a minus is indirect: units of the foreign currency for one of the company code's.
final as (

    select
        connection_id,
        company_code as org_unit_id,
        currency_txn as from_currency,
        currency_func as to_currency,
        coalesce(exchange_rate_date, posting_date) as rate_date,
        cast(median(case when exchange_rate > 0 then exchange_rate else 1 / -exchange_rate end) as decimal(18, 9)) as rate
    from items
    group by connection_id, company_code, currency_txn, currency_func, coalesce(exchange_rate_date, posting_date)

)

select * from final
