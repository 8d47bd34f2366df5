with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

month_ends as (

    select
        entity_id,
        period_month,
        max(date_day) as month_end_date
    from {{ ref('dim_date') }}
    group by entity_id, period_month

),

-- Here and below: a sum of which a part has no rate is unknown.
pnl as (

    select
        statements.entity_id,
        statements.period_month,
        case
            when count(statements.amount_rpt) = count(*)
                then sum(case when accounts.account_type = 'revenue' then statements.amount_rpt else 0 end)
        end as revenue,
        case
            when count(statements.amount_rpt) = count(*)
                then sum(case when accounts.account_type = 'direct_cost' then statements.amount_rpt else 0 end)
        end as direct_cost
    from {{ ref('profit_and_loss') }} as statements
    inner join {{ ref('dim_account') }} as accounts
        on statements.connection_id = accounts.connection_id and statements.account_id = accounts.account_id
    group by statements.entity_id, statements.period_month

),

activity as (

    select * from {{ ref('fct_customer_activity') }}

),

-- Customers of a month: billed for a time that reaches into it.
counted as (

    select
        month_ends.entity_id,
        month_ends.period_month,
        count(
            case when activity.first_billed_on <= month_ends.month_end_date and activity.active_until > month_ends.period_month then 1 end
        ) as active_customers,
        count(
            case
                when
                    activity.active_until between month_ends.period_month - interval 11 month and month_ends.month_end_date
                    and activity.active_until <= parameters.as_of_date then 1
            end
        ) as lost_in_year
    from month_ends
    cross join parameters
    left join activity on month_ends.entity_id = activity.entity_id
    group by month_ends.entity_id, month_ends.period_month

),

-- What a customer is worth, over the last twelve months so that single months do not move it.
worth as (

    select
        counted.entity_id,
        counted.period_month,
        counted.active_customers,
        counted.lost_in_year / nullif(avg(counted.active_customers) over trailing_year, 0) / 12 as monthly_churn,
        pnl.revenue / nullif(counted.active_customers, 0) as arpc,
        (sum(pnl.revenue) over trailing_year - sum(pnl.direct_cost) over trailing_year)
        / nullif(sum(pnl.revenue) over trailing_year, 0) as gross_margin
    from counted
    left join pnl on counted.entity_id = pnl.entity_id and counted.period_month = pnl.period_month
    window trailing_year as (
        partition by counted.entity_id order by counted.period_month rows between 11 preceding and current row
    )

),

-- A customer stays for 1 / churn months, at most the cap's. Without revenue or margin there is no worth to tell.
valued as (

    select
        *,
        case
            when arpc > 0 and gross_margin > 0
                then
                    arpc
                    * gross_margin
                    * least(coalesce(1 / nullif(monthly_churn, 0), {{ var('ltv_cap_months') }}), {{ var('ltv_cap_months') }})
        end as ltv,
        case
            when coalesce(arpc, 0) <= 0 or coalesce(gross_margin, 0) <= 0 then 'no_margin'
            when monthly_churn > 0 and 1 / monthly_churn < {{ var('ltv_cap_months') }} then 'churn'
            else 'capped'
        end as ltv_method
    from worth

),

channel_costs as (

    select
        costs.entity_id,
        coalesce(campaigns.channel_id, 'unassigned') as channel_id,
        costs.period_month,
        case when count(costs.cost_rpt) = count(*) then sum(costs.cost_rpt) end as cost
    from {{ ref('fct_campaign_cost') }} as costs
    left join {{ ref('dim_campaign') }} as campaigns
        on costs.entity_id = campaigns.entity_id and costs.campaign_id = campaigns.campaign_id
    where costs.campaign_id <> 'unassigned'
    group by costs.entity_id, coalesce(campaigns.channel_id, 'unassigned'), costs.period_month

),

-- Everything that sales and marketing cost: the loaded cost of winning customers.
loaded_costs as (

    select
        lines.entity_id,
        'all' as channel_id,
        lines.period_month,
        case
            when count(rates.average_rate) = count(*)
                then sum({{ posted('lines.amount_func * rates.average_rate', 'rates.to_currency') }})
        end as cost
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    inner join {{ ref('fct_fx_rate') }} as rates on lines.entity_id = rates.entity_id and lines.period_month = rates.period_month
    where accounts.account_class = 'expense' and lower(lines.department_name) in ('sales', 'marketing')
    group by lines.entity_id, lines.period_month

),

costs as (

    select * from channel_costs
    union all
    select * from loaded_costs

),

leads as (

    select
        entity_id,
        channel_id,
        period_month,
        count(*) as lead_count
    from {{ ref('fct_lead') }}
    group by entity_id, channel_id, period_month
    union all
    select
        entity_id,
        'all' as channel_id,
        period_month,
        count(*) as lead_count
    from {{ ref('fct_lead') }}
    group by entity_id, period_month

),

wins as (

    select
        entity_id,
        channel_id,
        period_month,
        sum(weight) as new_customers,
        case when count(credit_amount_rpt) = count(*) then sum(credit_amount_rpt) end as attributed_revenue
    from {{ ref('revenue_attribution') }}
    where attribution_model = 'linear'
    group by entity_id, channel_id, period_month
    union all
    select
        entity_id,
        'all' as channel_id,
        period_month,
        sum(weight) as new_customers,
        case when count(credit_amount_rpt) = count(*) then sum(credit_amount_rpt) end as attributed_revenue
    from {{ ref('revenue_attribution') }}
    where attribution_model = 'linear'
    group by entity_id, period_month

),

channels as (

    select channel_id from {{ ref('dim_channel') }}
    union all
    select unnest(['unattributed', 'all']) as channel_id

),

grid as (

    select
        valued.*,
        channels.channel_id
    from valued
    cross join channels

),

measured as (

    select
        grid.*,
        coalesce(leads.lead_count, 0) as leads,
        coalesce(wins.new_customers, 0) as new_customers,
        case when wins.entity_id is null then 0 else wins.attributed_revenue end as attributed_revenue,
        case when costs.entity_id is null then 0 else costs.cost end as acquisition_cost
    from grid
    left join leads on grid.entity_id = leads.entity_id and grid.channel_id = leads.channel_id and grid.period_month = leads.period_month
    left join wins on grid.entity_id = wins.entity_id and grid.channel_id = wins.channel_id and grid.period_month = wins.period_month
    left join costs on grid.entity_id = costs.entity_id and grid.channel_id = costs.channel_id and grid.period_month = costs.period_month

),

final as (

    select
        measured.entity_id,
        measured.channel_id as channel,
        measured.period_month,
        cast(measured.leads as bigint) as leads,
        cast(measured.new_customers as decimal(18, 6)) as new_customers,
        cast(measured.active_customers as bigint) as active_customers,
        cast(measured.acquisition_cost as decimal(20, 4)) as acquisition_cost,
        cast(measured.attributed_revenue as decimal(20, 4)) as attributed_revenue,
        cast(case when measured.leads > 0 then measured.acquisition_cost / measured.leads end as decimal(20, 4)) as cpl,
        cast(case when measured.new_customers > 0 then measured.acquisition_cost / measured.new_customers end as decimal(20, 4)) as cac,
        case
            when measured.new_customers = 0 then 'no_customers'
            when measured.acquisition_cost is null then 'missing_rate'
            when measured.acquisition_cost = 0 then 'no_cost'
            else 'ok'
        end as cac_status,
        cast(measured.arpc as decimal(20, 4)) as arpc,
        cast(measured.gross_margin * 100 as decimal(9, 4)) as gross_margin_pct,
        cast(measured.monthly_churn * 100 as decimal(9, 4)) as monthly_churn_pct,
        cast(measured.ltv as decimal(20, 4)) as ltv,
        measured.ltv_method,
        cast(
            case
                when measured.new_customers > 0 and measured.acquisition_cost > 0
                    then measured.ltv / (measured.acquisition_cost / measured.new_customers)
            end as decimal(20, 4)
        ) as ltv_cac_x,
        parameters.reporting_currency as currency_rpt
    from measured
    cross join parameters

)

select * from final
