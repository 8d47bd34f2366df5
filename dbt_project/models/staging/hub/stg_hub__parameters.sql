with

source as (

    select * from {{ source('hub', 'parameters') }}

),

books as (

    select distinct base_currency
    from {{ ref('stg_xero__organisation') }}
    where base_currency is not null

),

-- Whoever names no reporting currency reports in that of the books, where all of them have the same.
only_currency as (

    select case when count(*) = 1 then min(base_currency) end as currency
    from books

),

final as (

    select
        source.as_of_date,
        coalesce(source.reporting_currency, only_currency.currency, 'USD') as reporting_currency
    from source
    cross join only_currency

)

select * from final
