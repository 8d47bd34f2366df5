with

parameters as (

    select * from {{ ref('stg_hub__parameters') }}

),

final as (

    select
        as_of_date,
        -- The last month whose closing entries are in: they are posted in the days after its end.
        cast(date_trunc('month', as_of_date - {{ var('closing_days') }}) - interval 1 month as date) as closed_month,
        reporting_currency
    from parameters

)

select * from final
