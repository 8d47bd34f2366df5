-- Open deals by the month in which they are expected to close, weighted with what became of deals like them.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

open_deals as (

    select
        forecasts.*,
        cast(date_trunc('month', forecasts.origin_date) as date) as this_month,
        cast(date_trunc('month', forecasts.expected_close_date) as date) as told_month,
        coalesce(forecasts.seller_id, 'unassigned') as known_seller_id
    from {{ ref('fct_deal_forecast') }} as forecasts
    where forecasts.months_before = 0

),

sellers as (

    select * from {{ ref('dim_seller') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

booked as (

    select
        entity_id,
        coalesce(seller_id, 'unassigned') as seller_id,
        cast(date_trunc('month', closed_at) as date) as period_month,
        sum(amount_rpt) as booked_rpt
    from {{ ref('fct_deal') }}
    where status = 'won'
    group by entity_id, coalesce(seller_id, 'unassigned'), cast(date_trunc('month', closed_at) as date)

),

-- A day that has passed cannot be the day any more: the deal is expected this month, and told as late.
months as (

    select
        entity_id,
        known_seller_id as seller_id,
        greatest(coalesce(told_month, this_month), this_month) as expected_month,
        any_value(this_month) as this_month,
        any_value(currency_rpt) as currency_rpt,
        count(*) as open_deals,
        sum(amount_rpt) as pipeline_rpt,
        sum(win_probability) as expected_wins,
        sum(weighted_rpt) as weighted_rpt,
        sum(amount_rpt * crm_probability) as crm_weighted_rpt,
        count(case when win_probability is null then 1 end) as deals_without_probability,
        count(case when amount_rpt is null then 1 end) as deals_without_amount,
        count(case when expected_close_date is null then 1 end) as deals_without_date,
        count(case when expected_close_date < origin_date then 1 end) as overdue_deals,
        sum(case when expected_close_date < origin_date then amount_rpt else 0 end) as overdue_rpt,
        max(case when expected_close_date < origin_date then date_diff('day', expected_close_date, origin_date) end) as most_overdue_days
    from open_deals
    group by entity_id, known_seller_id, greatest(coalesce(told_month, this_month), this_month)

),

quotas as (

    {{ quotas_of('months', 'expected_month') }}

),

-- Months to come have no rate yet: today's.
valued as (

    select
        quotas.entity_id,
        quotas.seller_id,
        quotas.expected_month,
        case
            when quotas.currency = rates.to_currency then quotas.amount
            when quotas.currency = entities.currency_func then {{ posted('quotas.amount * rates.average_rate', 'rates.to_currency') }}
        end as quota_rpt
    from quotas
    cross join parameters
    inner join entities on quotas.entity_id = entities.entity_id
    left join rates
        on quotas.entity_id = rates.entity_id and cast(date_trunc('month', parameters.as_of_date) as date) = rates.period_month

),

final as (

    select
        months.entity_id,
        months.seller_id,
        coalesce(sellers.seller_name, 'unassigned') as seller_name,
        coalesce(sellers.team_name, 'unassigned') as team_name,
        parameters.as_of_date,
        months.expected_month,
        months.open_deals,
        {{ money('months.pipeline_rpt') }} as pipeline_rpt,
        cast(months.expected_wins as decimal(18, 6)) as expected_wins,
        {{ money('months.weighted_rpt') }} as weighted_rpt,
        {{ posted('months.crm_weighted_rpt', 'months.currency_rpt') }} as crm_weighted_rpt,
        months.deals_without_probability,
        months.deals_without_amount,
        months.deals_without_date,
        months.overdue_deals,
        {{ money('months.overdue_rpt') }} as overdue_rpt,
        months.most_overdue_days,
        {{ money('coalesce(booked.booked_rpt, 0)') }} as booked_rpt,
        valued.quota_rpt,
        {{ money('case when valued.quota_rpt is not null then greatest(valued.quota_rpt - coalesce(booked.booked_rpt, 0), 0) end') }}
            as quota_left_rpt,
        cast(
            round(months.pipeline_rpt / nullif(greatest(valued.quota_rpt - coalesce(booked.booked_rpt, 0), 0), 0), 6)
            as decimal(18, 6)
        ) as coverage_x,
        cast(
            round(months.weighted_rpt / nullif(greatest(valued.quota_rpt - coalesce(booked.booked_rpt, 0), 0), 0), 6)
            as decimal(18, 6)
        ) as weighted_coverage_x,
        case
            when quotas.seller_id is null then 'no_quota'
            when valued.quota_rpt is null then 'missing_rate'
            when valued.quota_rpt <= coalesce(booked.booked_rpt, 0) then 'reached'
            else 'ok'
        end as coverage_status,
        months.currency_rpt
    from months
    cross join parameters
    left join sellers on months.seller_id = sellers.seller_id
    left join booked
        on
            months.entity_id = booked.entity_id
            and months.seller_id = booked.seller_id
            and months.expected_month = booked.period_month
    left join quotas
        on
            months.entity_id = quotas.entity_id
            and months.seller_id = quotas.seller_id
            and months.expected_month = quotas.expected_month
    left join valued
        on
            months.entity_id = valued.entity_id
            and months.seller_id = valued.seller_id
            and months.expected_month = valued.expected_month

)

select * from final
