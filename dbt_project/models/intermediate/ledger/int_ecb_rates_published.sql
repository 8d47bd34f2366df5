with

rates as (

    select * from {{ ref('stg_ecb__exchange_rates') }}

),

-- Two connections to one central bank, or one under a new name, tell the same.
final as (

    select
        currency,
        rate_date,
        max(units_per_eur) as units_per_eur
    from rates
    group by currency, rate_date
    union all
    -- The euro is one euro on every day on which anything was published.
    select distinct
        'EUR' as currency,
        rate_date,
        cast(1 as decimal(18, 9)) as units_per_eur
    from rates

)

select * from final
