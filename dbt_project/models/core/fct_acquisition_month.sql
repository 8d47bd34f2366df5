with

months as (

    select distinct
        entity_id,
        period_month
    from {{ ref('dim_date') }}

),

lines as (

    select * from {{ ref('fct_gl_line') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

deals as (

    select * from {{ ref('int_growth_deals_stacked') }}
    where status in ('won', 'lost') and closed_at is not null

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

-- Everything that sales and marketing cost: the loaded cost of winning customers. A sum of which a part has no rate is unknown.
loaded as (

    select
        lines.entity_id,
        lines.period_month,
        count(rates.average_rate) = count(*) as has_rates,
        sum({{ posted('lines.amount_func * rates.average_rate', 'rates.to_currency') }}) as cost
    from lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join rates on lines.entity_id = rates.entity_id and lines.period_month = rates.period_month
    where accounts.account_class = 'expense' and lower(lines.department_name) in ('sales', 'marketing')
    group by lines.entity_id, lines.period_month

),

-- Work goes into deals that are won and into those that are lost.
worked as (

    select
        org_units.entity_id,
        cast(date_trunc('month', deals.closed_at) as date) as period_month,
        count(*) as closed_deals,
        count(case when deals.deal_type = 'new' then 1 end) as closed_new_deals
    from deals
    inner join org_units
        on deals.connection_id = org_units.connection_id and coalesce(trim(deals.org_unit_ref), '') = org_units.org_unit_ref
    group by org_units.entity_id, cast(date_trunc('month', deals.closed_at) as date)

),

-- How long a sale takes, from the day on which a deal is entered to the day on which it is won.
cycles as (

    select
        entity_id,
        median(date_diff('day', created_at, converted_at)) as sales_cycle_days
    from {{ ref('fct_conversion') }}
    where created_at is not null
    group by entity_id

),

yearly as (

    select
        months.entity_id,
        months.period_month,
        case when loaded.entity_id is null then 0 when loaded.has_rates then loaded.cost end as loaded_cost,
        sum(worked.closed_deals) over year as closed_deals_12m,
        sum(worked.closed_new_deals) over year as closed_new_deals_12m
    from months
    left join loaded on months.entity_id = loaded.entity_id and months.period_month = loaded.period_month
    left join worked on months.entity_id = worked.entity_id and months.period_month = worked.period_month
    window year as (partition by months.entity_id order by months.period_month rows between 11 preceding and current row)

),

final as (

    select
        yearly.entity_id,
        yearly.period_month,
        cast(yearly.loaded_cost as decimal(20, 4)) as loaded_cost_rpt,
        cast(coalesce(yearly.closed_deals_12m, 0) as bigint) as closed_deals_12m,
        cast(coalesce(yearly.closed_new_deals_12m, 0) as bigint) as closed_new_deals_12m,
        cast(cycles.sales_cycle_days as decimal(9, 1)) as sales_cycle_days,
        cast(coalesce(round(cycles.sales_cycle_days / {{ var('days_per_month') }}), 0) as integer) as lag_months
    from yearly
    left join cycles on yearly.entity_id = cycles.entity_id

)

select * from final
