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

-- A company that never defers revenue books a year's bill in one month: then the contract tells for how long it is.
deferring as (

    select
        entity_id,
        sum(abs(deferred_func)) > 0 as defers_revenue
    from purchases
    group by entity_id

),

-- A bill within a contract is for the months up to the next anniversary of its rhythm.
terms as (

    select
        purchases.entity_id,
        purchases.customer_id,
        purchases.period_month,
        purchases.currency_func,
        purchases.deferred_func
        + case
            when purchases.document_kind = 'sale' and tenures.relationship = 'contract' and not deferring.defers_revenue
                then purchases.recognised_func
            else 0
        end as recurring_func,
        purchases.amount_func,
        cast(
            case
                when tenures.relationship = 'contract'
                    then
                        tenures.billing_months
                        - round(date_diff('day', tenures.first_purchase_date, purchases.purchase_date) / {{ var('days_per_month') }})
                        % tenures.billing_months
                else tenures.billing_months
            end as integer
        ) as months
    from purchases
    inner join tenures on purchases.customer_id = tenures.customer_id
    inner join deferring on purchases.entity_id = deferring.entity_id

),

numbered as (

    select
        *,
        unnest(generate_series(1, months)) as part
    from terms

),

-- Parts are differences of the rounded sums up to each month: they add up to the bill.
parts as (

    select
        entity_id,
        customer_id,
        cast(period_month + to_months(cast(part as integer) - 1) as date) as period_month,
        {{ posted('recurring_func * part / months', 'currency_func') }}
        - {{ posted('recurring_func * (part - 1) / months', 'currency_func') }} as recurring_func,
        case when part = 1 then amount_func - recurring_func else 0 end as one_time_func
    from numbered

),

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
