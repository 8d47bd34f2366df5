with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

tenures as (

    select * from {{ ref('fct_customer_tenure') }}
    where is_start_known

),

months as (

    select * from {{ ref('fct_customer_month') }}

),

margins as (

    select * from {{ ref('fct_margin_month') }}

),

shares as (

    select
        customer_id,
        channel_id,
        weight
    from {{ ref('bridge_customer_channel') }}
    union all
    select
        customer_id,
        'all' as channel_id,
        1 as weight
    from tenures

),

-- A month that is not closed yet is not told: what is booked of it is a part.
earned as (

    select
        tenures.entity_id,
        tenures.acquired_month,
        shares.channel_id,
        months.age_month,
        months.period_month,
        margins.gross_margin,
        sum(shares.weight) as customers,
        sum(case when months.is_active then shares.weight else 0 end) as active_customers,
        case when count(months.revenue_rpt) = count(*) then sum(months.revenue_rpt * shares.weight) end as revenue
    from tenures
    cross join parameters
    inner join shares on tenures.customer_id = shares.customer_id
    inner join months on tenures.customer_id = months.customer_id
    left join margins on months.entity_id = margins.entity_id and months.period_month = margins.period_month
    where months.period_month <= parameters.closed_month
    group by all

),

added as (

    select
        *,
        revenue * gross_margin as margin,
        case when count(revenue) over ages = count(*) over ages then sum(revenue) over ages end as cumulative_revenue,
        case when count(revenue * gross_margin) over ages = count(*) over ages then sum(revenue * gross_margin) over ages end
            as cumulative_margin
    from earned
    window ages as (partition by entity_id, acquired_month, channel_id order by age_month)

),

final as (

    select
        added.entity_id,
        added.acquired_month,
        added.channel_id as channel,
        added.age_month,
        added.period_month,
        cast(added.customers as decimal(18, 6)) as customers,
        cast(added.active_customers as decimal(18, 6)) as active_customers,
        cast(added.active_customers * 100 / added.customers as decimal(9, 4)) as retention_pct,
        cast(added.revenue as decimal(20, 4)) as revenue,
        cast(added.gross_margin * 100 as decimal(9, 4)) as gross_margin_pct,
        cast(added.margin as decimal(20, 4)) as margin,
        cast(added.cumulative_revenue as decimal(20, 4)) as cumulative_revenue,
        cast(added.cumulative_margin as decimal(20, 4)) as cumulative_margin,
        cast(added.cumulative_margin / added.customers as decimal(20, 4)) as margin_per_customer,
        parameters.reporting_currency as currency_rpt
    from added
    cross join parameters

)

select * from final
