-- Revenue to come from customers, and what it rests on: what is billed already, what contracts bring that are likely to go on, what open
-- deals are likely to bring, and what is still to be found for the forecast to come true. All add up to the forecast of the revenue.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

entities as (

    select
        entity_id,
        any_value(currency_func) as currency_func
    from {{ ref('dim_entity') }}
    group by entity_id

),

purchases as (

    select * from {{ ref('fct_customer_purchase') }}

),

tenures as (

    select * from {{ ref('fct_customer_tenure') }}

),

rates as (

    select
        entity_id,
        to_currency,
        max_by(average_rate, period_month) as average_rate
    from {{ ref('fct_fx_rate') }}
    where average_rate is not null
    group by entity_id, to_currency

),

{{ billed_parts() }}

months as (

    select
        cast(date_trunc('month', as_of_date + 1) + to_months(cast(number as integer) - 1) as date) as period_month,
        cast(date_trunc('month', as_of_date) as date) as this_month
    from parameters
    cross join (select unnest(generate_series(1, 12)) as number) as numbers

),

-- What each contract that lasts brings a month, as of today's month.
contracts as (

    select
        tenures.entity_id,
        tenures.customer_id,
        tenures.tenure_months,
        cast(date_trunc('month', parameters.as_of_date) as date) as this_month,
        coalesce(sum(parts.recurring_func), 0) as level_func
    from tenures
    cross join parameters
    left join parts
        on
            tenures.customer_id = parts.customer_id
            and cast(date_trunc('month', parameters.as_of_date) as date) = parts.period_month
    where tenures.relationship = 'contract' and not tenures.has_ended
    group by tenures.entity_id, tenures.customer_id, tenures.tenure_months, parameters.as_of_date

),

billed as (

    select
        customer_id,
        period_month,
        sum(recurring_func) as amount_func
    from parts
    group by customer_id, period_month

),

survival as (

    select
        entity_id,
        tenure_months,
        survival
    from {{ ref('fct_survival') }}
    where channel_id = 'all'

),

-- What is not billed yet comes as often as contracts of that age go on.
going_on as (

    select
        contracts.entity_id,
        months.period_month,
        sum(greatest(coalesce(billed.amount_func, 0), 0)) as contracted_func,
        sum(
            greatest(contracts.level_func - coalesce(billed.amount_func, 0), 0)
            * coalesce(later.survival / nullif(today.survival, 0), 0)
        ) as renewed_func
    from contracts
    cross join months
    left join billed on contracts.customer_id = billed.customer_id and months.period_month = billed.period_month
    left join survival as today on contracts.entity_id = today.entity_id and contracts.tenure_months = today.tenure_months
    left join survival as later
        on
            contracts.entity_id = later.entity_id
            and contracts.tenure_months + date_diff('month', contracts.this_month, months.period_month) = later.tenure_months
    group by contracts.entity_id, months.period_month

),

-- A deal is expected to bring its amount in equal parts over its term, from the month after it is likely to be won.
open_deals as (

    select
        forecasts.entity_id,
        greatest(
            cast(date_trunc('month', coalesce(forecasts.expected_close_date, forecasts.origin_date)) as date),
            cast(date_trunc('month', forecasts.origin_date) as date)
        ) as won_month,
        forecasts.weighted_rpt / {{ var('default_term_months') }} as monthly_rpt
    from {{ ref('fct_deal_forecast') }} as forecasts
    -- A renewal is in what goes on already.
    where forecasts.months_before = 0 and coalesce(forecasts.deal_type, 'new') <> 'renewal'

),

pipeline as (

    select
        open_deals.entity_id,
        months.period_month,
        sum(open_deals.monthly_rpt) as pipeline_rpt
    from open_deals
    inner join months
        on
            months.period_month > open_deals.won_month
            and months.period_month <= open_deals.won_month + interval {{ var('default_term_months') }} month
    group by open_deals.entity_id, months.period_month

),

-- Revenue from customers: without charges to companies of the group, and without interest.
expected as (

    select
        forecasts.entity_id,
        forecasts.period_month,
        sum(forecasts.mean_amount) as expected_func
    from {{ ref('forecast') }} as forecasts
    inner join {{ ref('dim_group_account') }} as chart on forecasts.group_account_code = chart.group_account_code
    where
        forecasts.forecast_level = 'line'
        and forecasts.is_latest
        and forecasts.is_in_group
        and forecasts.account_class = 'revenue'
        and chart.statement_section = 'revenue'
    group by forecasts.entity_id, forecasts.period_month

),

monthly as (

    select
        expected.entity_id,
        expected.period_month,
        entities.currency_func,
        expected.expected_func,
        {{ posted('coalesce(going_on.contracted_func, 0)', 'entities.currency_func') }} as contracted_func,
        {{ posted('coalesce(going_on.renewed_func, 0)', 'entities.currency_func') }} as renewed_func,
        {{ posted('coalesce(pipeline.pipeline_rpt / nullif(rates.average_rate, 0), 0)', 'entities.currency_func') }} as pipeline_func,
        rates.average_rate,
        rates.to_currency
    from expected
    inner join months on expected.period_month = months.period_month
    inner join entities on expected.entity_id = entities.entity_id
    left join going_on on expected.entity_id = going_on.entity_id and expected.period_month = going_on.period_month
    left join pipeline on expected.entity_id = pipeline.entity_id and expected.period_month = pipeline.period_month
    left join rates on expected.entity_id = rates.entity_id

),

weeks as (

    {{ coming_weeks() }}

),

-- A week has of a month what its days are of the month's.
parts_of_weeks as (

    select
        weeks.*,
        monthly.* exclude (period_month),
        date_diff(
            'day',
            greatest(weeks.period_start_date, monthly.period_month),
            least(weeks.period_end_date, last_day(monthly.period_month))
        ) + 1 as days,
        day(last_day(monthly.period_month)) as days_of_month
    from weeks
    inner join monthly
        on weeks.period_start_date <= last_day(monthly.period_month) and weeks.period_end_date >= monthly.period_month

),

periods as (

    select
        entity_id,
        'month' as period_kind,
        cast(row_number() over (partition by entity_id order by period_month) as integer) as period_number,
        period_month as period_start_date,
        last_day(period_month) as period_end_date,
        expected_func,
        contracted_func,
        renewed_func,
        pipeline_func,
        currency_func,
        average_rate,
        to_currency
    from monthly
    union all
    select
        entity_id,
        'week' as period_kind,
        period_number,
        period_start_date,
        period_end_date,
        {% for name in ['expected_func', 'contracted_func', 'renewed_func', 'pipeline_func'] %}
            {{ posted('sum(' ~ name ~ ' * days / days_of_month)', 'any_value(currency_func)') }} as {{ name }},
        {% endfor %}
        any_value(currency_func) as currency_func,
        any_value(average_rate) as average_rate,
        any_value(to_currency) as to_currency
    from parts_of_weeks
    group by entity_id, period_number, period_start_date, period_end_date

),

final as (

    select
        entity_id,
        period_kind,
        cast(period_number as bigint) as period_number,
        period_start_date,
        period_end_date,
        {{ money('expected_func') }} as expected_func,
        {{ money('contracted_func') }} as contracted_func,
        {{ money('renewed_func') }} as renewed_func,
        {{ money('pipeline_func') }} as pipeline_func,
        {{ money('expected_func - contracted_func - renewed_func - pipeline_func') }} as to_be_found_func,
        currency_func,
        {{ posted('expected_func * average_rate', 'to_currency') }} as expected_rpt,
        to_currency as currency_rpt
    from periods

)

select * from final
