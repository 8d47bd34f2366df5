with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

tenures as (

    select * from {{ ref('fct_customer_tenure') }}

),

customers as (

    select * from {{ ref('dim_customer') }}

),

margins as (

    select * from {{ ref('fct_margin_month') }}

),

curves as (

    select * from {{ ref('fct_survival') }}
    where channel_id = 'all'

),

predictions as (

    select * from {{ ref('fct_customer_prediction') }}

),

-- Months that are not closed yet have the margin of the last that is.
earned as (

    select
        months.customer_id,
        {{ whole_sum('months.revenue_rpt') }} as revenue,
        case
            when count(months.revenue_rpt * margins.gross_margin) = count(*) then sum(months.revenue_rpt * margins.gross_margin)
        end as margin,
        arg_max(months.recurring_rpt, months.period_month) filter (where months.recurring_rpt > 0) as monthly_revenue
    from {{ ref('fct_customer_month') }} as months
    cross join parameters
    left join margins
        on months.entity_id = margins.entity_id and least(months.period_month, parameters.closed_month) = margins.period_month
    group by months.customer_id

),

current_margins as (

    select margins.*
    from margins
    inner join parameters on margins.period_month = parameters.closed_month

),

-- Who has stayed for longer than the cap is seen as one who has stayed so long.
ahead as (

    select
        tenures.*,
        least(tenures.tenure_months, {{ var('ltv_cap_months') }}) as tenure_from
    from tenures

),

expected as (

    select
        ahead.customer_id,
        here.status as curve_status,
        next_year.survival / nullif(here.survival, 0) as survival_12m,
        (next_year.discounted_months - here.discounted_months)
        * pow(1 + {{ var('ltv_monthly_discount') }}, ahead.tenure_from) / nullif(here.survival, 0) as months_12m,
        (horizon.discounted_months - here.discounted_months)
        * pow(1 + {{ var('ltv_monthly_discount') }}, ahead.tenure_from) / nullif(here.survival, 0) as months_ahead
    from ahead
    inner join curves as here on ahead.entity_id = here.entity_id and ahead.tenure_from = here.tenure_months
    inner join curves as next_year on ahead.entity_id = next_year.entity_id and ahead.tenure_from + 12 = next_year.tenure_months
    inner join curves as horizon
        on ahead.entity_id = horizon.entity_id and ahead.tenure_from + {{ var('ltv_cap_months') }} = horizon.tenure_months
    where ahead.relationship = 'contract' and not ahead.has_ended

),

valued as (

    select
        tenures.*,
        earned.revenue,
        earned.margin,
        earned.monthly_revenue,
        current_margins.gross_margin,
        expected.survival_12m,
        predictions.fitted_customers,
        predictions.fitted_repeaters,
        predictions.r,
        predictions.alpha_weeks,
        predictions.a,
        predictions.b,
        predictions.p,
        predictions.q,
        predictions.v,
        predictions.spend_correlation,
        predictions.p_alive,
        predictions.expected_purchases_12m,
        predictions.expected_spend,
        case
            when tenures.relationship = 'transaction' then coalesce(predictions.status, 'not_predicted')
            when tenures.relationship = 'unknown' then 'unknown_relationship'
            when tenures.has_ended then 'ended'
            when expected.customer_id is null then 'no_curve'
            else expected.curve_status
        end as model_status,
        case
            when tenures.relationship = 'transaction' then predictions.expected_value_12m
            when tenures.has_ended then 0
            else earned.monthly_revenue * expected.months_12m
        end * current_margins.gross_margin as margin_12m,
        case
            when tenures.relationship = 'transaction' then predictions.expected_value
            when tenures.has_ended then 0
            else earned.monthly_revenue * expected.months_ahead
        end * current_margins.gross_margin as margin_ahead
    from tenures
    left join earned on tenures.customer_id = earned.customer_id
    left join current_margins on tenures.entity_id = current_margins.entity_id
    left join expected on tenures.customer_id = expected.customer_id
    left join predictions on tenures.customer_id = predictions.customer_id

),

final as (

    select
        valued.entity_id,
        valued.customer_id,
        customers.customer_name,
        valued.relationship,
        valued.relationship_basis,
        valued.acquired_month,
        valued.is_start_known,
        valued.first_purchase_date,
        valued.last_purchase_date,
        valued.active_until,
        valued.has_ended,
        valued.tenure_months,
        cast(valued.frequency as bigint) as frequency,
        cast(valued.recency_days / 7.0 as decimal(12, 4)) as recency_weeks,
        cast(valued.age_days / 7.0 as decimal(12, 4)) as age_weeks,
        valued.monetary_value_rpt as monetary_value,
        cast(valued.gross_margin * 100 as decimal(9, 4)) as gross_margin_pct,
        cast(valued.revenue as decimal(20, 4)) as revenue_to_date,
        cast(valued.monthly_revenue as decimal(20, 4)) as monthly_revenue,
        cast(valued.survival_12m as decimal(18, 12)) as survival_12m,
        valued.p_alive,
        valued.expected_purchases_12m,
        valued.expected_spend,
        cast(valued.margin_12m as decimal(20, 4)) as expected_margin_12m,
        cast(valued.margin as decimal(20, 4)) as ltv_historic,
        cast(case when valued.relationship = 'contract' then valued.margin + valued.margin_ahead end as decimal(20, 4)) as ltv_survival,
        cast(case when valued.relationship = 'transaction' then valued.margin + valued.margin_ahead end as decimal(20, 4))
            as ltv_predictive,
        cast(valued.margin + coalesce(valued.margin_ahead, 0) as decimal(20, 4)) as ltv,
        case
            when valued.margin is null then 'none'
            when valued.margin_ahead is null or valued.has_ended then 'historic'
            when valued.relationship = 'transaction' then 'predictive'
            else 'survival'
        end as ltv_method,
        case when valued.margin is null or valued.gross_margin is null then 'no_margin' else valued.model_status end as status,
        valued.fitted_customers,
        valued.fitted_repeaters,
        valued.r,
        valued.alpha_weeks,
        valued.a,
        valued.b,
        valued.p,
        valued.q,
        valued.v,
        valued.spend_correlation,
        parameters.as_of_date,
        parameters.reporting_currency as currency_rpt
    from valued
    cross join parameters
    left join customers on valued.customer_id = customers.customer_id

)

select * from final
