with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

purchases as (

    select * from {{ ref('fct_customer_purchase') }}

),

tenures as (

    select * from {{ ref('fct_customer_tenure') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

{{ billed_parts() }}

earned as (

    select
        entity_id,
        customer_id,
        period_month,
        sum(recurring_func) as recurring_func,
        sum(one_time_func) as one_time_func
    from parts
    group by entity_id, customer_id, period_month

),

currencies as (

    select
        entity_id,
        min(currency_func) as currency_func
    from purchases
    group by entity_id

),

months as (

    select
        tenures.*,
        currencies.currency_func,
        cast(
            unnest(generate_series(tenures.acquired_month, cast(date_trunc('month', parameters.as_of_date) as date), interval 1 month))
            as date
        ) as period_month
    from tenures
    cross join parameters
    inner join currencies on tenures.entity_id = currencies.entity_id

),

final as (

    select
        months.entity_id,
        months.customer_id,
        months.period_month,
        cast(date_diff('month', months.acquired_month, months.period_month) as integer) as age_month,
        -- As a month ends: who leaves in the course of it is no longer there.
        date_trunc('month', months.active_until) > months.period_month as is_active,
        cast(coalesce(earned.recurring_func, 0) as decimal(20, 4)) as recurring_func,
        cast(coalesce(earned.recurring_func + earned.one_time_func, 0) as decimal(20, 4)) as revenue_func,
        months.currency_func,
        {{ posted('coalesce(earned.recurring_func, 0) * rates.average_rate', 'rates.to_currency') }} as recurring_rpt,
        {{ posted('coalesce(earned.recurring_func + earned.one_time_func, 0) * rates.average_rate', 'rates.to_currency') }} as revenue_rpt,
        rates.to_currency as currency_rpt
    from months
    left join earned on months.customer_id = earned.customer_id and months.period_month = earned.period_month
    left join rates on months.entity_id = rates.entity_id and months.period_month = rates.period_month

)

select * from final
