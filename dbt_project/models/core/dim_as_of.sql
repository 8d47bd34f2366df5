with

parameters as (

    select * from {{ ref('stg_hub__parameters') }}

),

books as (

    select * from {{ ref('int_ledger_books_stacked') }}

),

-- Whoever names no reporting currency reports in that of the books, where all of them have the same.
only_currency as (

    select case when count(distinct currency_func) = 1 then min(currency_func) end as currency
    from books

),

told as (

    select
        parameters.as_of_date,
        -- The last month whose closing entries are in: they are posted in the days after its end.
        cast(date_trunc('month', parameters.as_of_date - {{ var('closing_days') }}) - interval 1 month as date) as closed_month,
        coalesce(parameters.reporting_currency, only_currency.currency, 'USD') as reporting_currency
    from parameters
    cross join only_currency

),

final as (

    select
        *,
        cast(case {{ minor_unit('reporting_currency') }} when 0 then 1 when 3 then 0.001 else 0.01 end as decimal(4, 3))
            as smallest_unit_rpt
    from told

)

select * from final
