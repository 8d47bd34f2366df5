{# What customers are billed, in parts by month up to the next anniversary of their rhythm, beyond today too: the CTEs `deferring`, `terms`,
   `numbered` and `parts`, from the CTEs `purchases` and `tenures`. #}
{% macro billed_parts() %}
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
{% endmacro %}
