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

margins as (

    select * from {{ ref('fct_margin_month') }}

),

acquisitions as (

    select * from {{ ref('fct_acquisition_month') }}

),

curves as (

    select * from {{ ref('fct_survival') }}

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
        counted.lost_in_year / nullif(avg(counted.active_customers) over last_year, 0) / 12 as monthly_churn,
        margins.revenue_rpt as revenue,
        margins.revenue_rpt / nullif(counted.active_customers, 0) as arpc,
        margins.gross_margin
    from counted
    left join margins on counted.entity_id = margins.entity_id and counted.period_month = margins.period_month
    window last_year as (
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

-- What campaigns cost, by channel. A sum of which a part has no rate is unknown, here and below.
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

-- What the marketing department costs beyond campaigns: its team, which works for each in proportion to the cost.
teams as (

    select
        entity_id,
        period_month,
        case when count(cost_rpt) = count(*) then sum(case when campaign_id = 'unassigned' then cost_rpt else 0 end) end as team_cost,
        case when count(cost_rpt) = count(*) then sum(case when campaign_id <> 'unassigned' then cost_rpt else 0 end) end as media_cost
    from {{ ref('fct_campaign_cost') }}
    group by entity_id, period_month

),

costs as (

    select * from channel_costs
    union all
    select
        entity_id,
        'all' as channel_id,
        period_month,
        loaded_cost_rpt as cost
    from acquisitions

),

-- A lead counts as such, as qualified by marketing and as accepted by sales in the month of each.
stages as (

    select
        entity_id,
        channel_id,
        unnest([
            { 'stage': 'lead', 'stage_month': cast(period_month as date) },
            { 'stage': 'mql', 'stage_month': cast(date_trunc('month', mql_at) as date) },
            { 'stage': 'sql', 'stage_month': cast(date_trunc('month', sql_at) as date) }
        ], recursive := true)
    from {{ ref('fct_lead') }}

),

leads as (

    select
        entity_id,
        channel_id,
        stage_month as period_month,
        count(case when stage = 'lead' then 1 end) as lead_count,
        count(case when stage = 'mql' then 1 end) as mql_count,
        count(case when stage = 'sql' then 1 end) as sql_count
    from stages
    group by entity_id, channel_id, stage_month
    union all
    select
        entity_id,
        'all' as channel_id,
        stage_month as period_month,
        count(case when stage = 'lead' then 1 end) as lead_count,
        count(case when stage = 'mql' then 1 end) as mql_count,
        count(case when stage = 'sql' then 1 end) as sql_count
    from stages
    group by entity_id, stage_month

),

wins as (

    select
        entity_id,
        channel_id,
        period_month,
        sum(weight) as new_customers,
        case when count(credit_amount_rpt) = count(*) then sum(credit_amount_rpt) end as attributed_revenue
    from {{ ref('revenue_attribution') }}
    where attribution_model = 'linear' and amount_basis = 'bookings'
    group by entity_id, channel_id, period_month
    union all
    select
        entity_id,
        'all' as channel_id,
        period_month,
        sum(weight) as new_customers,
        case when count(credit_amount_rpt) = count(*) then sum(credit_amount_rpt) end as attributed_revenue
    from {{ ref('revenue_attribution') }}
    where attribution_model = 'linear' and amount_basis = 'bookings'
    group by entity_id, period_month

),

channels as (

    select
        channel_id,
        is_paid
    from {{ ref('dim_channel') }}
    union all
    select
        unnest(['unattributed', 'all']) as channel_id,
        false as is_paid

),

grid as (

    select
        valued.*,
        channels.channel_id,
        channels.is_paid,
        coalesce(acquisitions.lag_months, 0) as lag_months,
        cast(valued.period_month - to_months(coalesce(acquisitions.lag_months, 0)) as date) as lagged_month,
        acquisitions.loaded_cost_rpt as company_cost,
        acquisitions.closed_new_deals_12m,
        acquisitions.closed_deals_12m
    from valued
    cross join channels
    left join acquisitions on valued.entity_id = acquisitions.entity_id and valued.period_month = acquisitions.period_month

),

measured as (

    select
        grid.*,
        coalesce(leads.lead_count, 0) as leads,
        coalesce(leads.mql_count, 0) as mqls,
        coalesce(leads.sql_count, 0) as sqls,
        coalesce(wins.new_customers, 0) as new_customers,
        case when wins.entity_id is null then 0 else wins.attributed_revenue end as attributed_revenue,
        case when costs.entity_id is null then 0 else costs.cost end as acquisition_cost,
        teams.team_cost,
        teams.media_cost
    from grid
    left join leads on grid.entity_id = leads.entity_id and grid.channel_id = leads.channel_id and grid.period_month = leads.period_month
    left join wins on grid.entity_id = wins.entity_id and grid.channel_id = wins.channel_id and grid.period_month = wins.period_month
    left join costs on grid.entity_id = costs.entity_id and grid.channel_id = costs.channel_id and grid.period_month = costs.period_month
    left join teams on grid.entity_id = teams.entity_id and grid.period_month = teams.period_month

),

-- What is not spent on campaigns of a channel is spent on its new customers, on all alike; without any it stays unattributed.
loading as (

    select
        *,
        company_cost - sum(case when channel_id = 'all' then 0 else acquisition_cost end) over company as overhead,
        count(acquisition_cost) over company < count(*) over company as lacks_rate,
        case
            when sum(case when channel_id = 'all' then 0 else new_customers end) over company = 0
                then case when channel_id = 'unattributed' then 1 else 0 end
            when channel_id = 'all' then 0
            else new_customers
        end as customer_part,
        case when is_paid then acquisition_cost * (1 + team_cost / nullif(media_cost, 0)) end as paid_cost,
        case when is_paid then new_customers end as paid_customers
    from measured
    window company as (partition by entity_id, period_month)

),

-- Parts are differences of rounded running sums: those of the channels add up to the company's cost.
loaded as (

    select
        *,
        case
            when channel_id = 'all' then acquisition_cost
            when lacks_rate or overhead < 0 or period_month > (select parameters.closed_month from parameters) then null
            else
                acquisition_cost
                + {{ money('overhead * sum(customer_part) over channels_so_far / sum(customer_part) over company') }}
                - {{ money('overhead * (sum(customer_part) over channels_so_far - customer_part) / sum(customer_part) over company') }}
        end as loaded_cost,
        case
            when channel_id <> 'all' then paid_cost
            when count(case when is_paid and paid_cost is null and acquisition_cost <> 0 then 1 end) over company = 0
                then sum(paid_cost) over company
        end as paid_cost_told,
        case when channel_id = 'all' then sum(paid_customers) over company else paid_customers end as paid_customers_told
    from loading
    window
        company as (partition by entity_id, period_month),
        channels_so_far as (
            partition by entity_id, period_month order by channel_id rows between unbounded preceding and current row
        )

),

-- What customers have brought who came in the month by the channel, up to the last closed month.
cohorts as (

    select
        entity_id,
        channel as channel_id,
        acquired_month,
        count(*) as months,
        max(customers) as customers,
        arg_max(cumulative_margin, age_month) as margin,
        case when count(revenue) = count(*) then sum(case when age_month < 12 then revenue end) end as first_year_revenue,
        sum(case when age_month < 12 then active_customers end) as first_year_customer_months
    from {{ ref('customer_cohort') }}
    group by entity_id, channel, acquired_month

),

predicted as (

    select
        lifetimes.entity_id,
        lifetimes.acquired_month,
        shares.channel_id,
        sum(shares.weight) as customers,
        sum(lifetimes.ltv_predictive * shares.weight) as ltv
    from {{ ref('customer_lifetime') }} as lifetimes
    inner join (
        select
            customer_id,
            channel_id,
            weight
        from {{ ref('bridge_customer_channel') }}
        union all
        select distinct
            customer_id,
            'all' as channel_id,
            1 as weight
        from {{ ref('bridge_customer_channel') }}
    ) as shares on lifetimes.customer_id = shares.customer_id
    where lifetimes.ltv_method = 'predictive' and lifetimes.is_start_known
    group by lifetimes.entity_id, lifetimes.acquired_month, shares.channel_id

),

-- A channel that never won a contract has the curve of the company.
curve_keys as (

    select
        companies.entity_id,
        channels.channel_id,
        coalesce(own.channel_id, 'all') as curve_channel_id
    from (select distinct entity_id from curves) as companies
    cross join channels
    left join (
        select distinct
            entity_id,
            channel_id
        from curves
    ) as own on companies.entity_id = own.entity_id and channels.channel_id = own.channel_id

),

joined as (

    select
        loaded.*,
        loaded.loaded_cost / nullif(loaded.new_customers, 0) as cac_loaded,
        case when earlier.entity_id is null then null when lagged.entity_id is null then 0 else lagged.cost end as lagged_cost,
        cohorts.months as cohort_months,
        cohorts.customers as cohort_customers,
        cohorts.margin as cohort_margin,
        cohorts.first_year_revenue,
        cohorts.first_year_customer_months,
        cohorts.first_year_revenue / nullif(cohorts.first_year_customer_months, 0) as arpa_new,
        predicted.customers as predicted_customers,
        predicted.ltv as predicted_ltv,
        horizon.served_months,
        case
            when horizon.entity_id is not null then horizon.discounted_months
            -- Without a curve a customer stays each month with probability 1 - churn.
            when loaded.monthly_churn is not null
                then
                    (1 - pow((1 - loaded.monthly_churn) / (1 + {{ var('ltv_monthly_discount') }}), {{ var('ltv_cap_months') }}))
                    / (1 - (1 - loaded.monthly_churn) / (1 + {{ var('ltv_monthly_discount') }}))
        end as discounted_months,
        case when horizon.entity_id is not null then 'survival' when loaded.monthly_churn is not null then 'churn' end as discounted_by
    from loaded
    left join acquisitions as earlier on loaded.entity_id = earlier.entity_id and loaded.lagged_month = earlier.period_month
    left join costs as lagged
        on loaded.entity_id = lagged.entity_id and loaded.channel_id = lagged.channel_id and loaded.lagged_month = lagged.period_month
    left join cohorts
        on
            loaded.entity_id = cohorts.entity_id
            and loaded.channel_id = cohorts.channel_id
            and loaded.period_month = cohorts.acquired_month
    left join predicted
        on
            loaded.entity_id = predicted.entity_id
            and loaded.channel_id = predicted.channel_id
            and loaded.period_month = predicted.acquired_month
    left join curve_keys on loaded.entity_id = curve_keys.entity_id and loaded.channel_id = curve_keys.channel_id
    left join curves as horizon
        on
            curve_keys.entity_id = horizon.entity_id
            and curve_keys.curve_channel_id = horizon.channel_id
            and horizon.tenure_months = {{ var('ltv_cap_months') }}

),

-- The first month by which those of a customer's months that it is expected to stay for have paid its cost back.
paid_back as (

    select
        joined.entity_id,
        joined.channel_id,
        joined.period_month,
        min(curves.tenure_months) as months
    from joined
    inner join curve_keys on joined.entity_id = curve_keys.entity_id and joined.channel_id = curve_keys.channel_id
    inner join curves
        on
            curve_keys.entity_id = curves.entity_id
            and curve_keys.curve_channel_id = curves.channel_id
            and curves.served_months * joined.arpa_new * joined.gross_margin >= joined.cac_loaded
    where joined.arpa_new > 0 and joined.gross_margin > 0 and joined.cac_loaded > 0
    group by joined.entity_id, joined.channel_id, joined.period_month

),

told as (

    select
        joined.*,
        paid_back.months as payback_churn_adjusted,
        case
            when joined.new_customers = 0 then 'no_customers'
            when joined.period_month > (select parameters.closed_month from parameters) then 'not_closed'
            when joined.loaded_cost is null then 'missing_cost'
            when joined.loaded_cost <= 0 then 'no_cost'
            when joined.cohort_customers is null then 'no_cohort'
            when coalesce(joined.arpa_new, 0) <= 0 or coalesce(joined.gross_margin, 0) <= 0 then 'no_margin'
            when joined.served_months is null then 'no_curve'
            when paid_back.months is null then 'never'
            else 'ok'
        end as payback_status
    from joined
    left join paid_back
        on
            joined.entity_id = paid_back.entity_id
            and joined.channel_id = paid_back.channel_id
            and joined.period_month = paid_back.period_month

),

final as (

    select
        told.entity_id,
        told.channel_id as channel,
        told.period_month,
        cast(told.leads as bigint) as leads,
        cast(told.mqls as bigint) as mqls,
        cast(told.sqls as bigint) as sqls,
        cast(told.new_customers as decimal(18, 6)) as new_customers,
        cast(told.active_customers as bigint) as active_customers,
        cast(told.acquisition_cost as decimal(20, 4)) as acquisition_cost,
        cast(told.attributed_revenue as decimal(20, 4)) as attributed_revenue,
        cast(case when told.leads > 0 then told.acquisition_cost / told.leads end as decimal(20, 4)) as cpl,
        cast(case when told.mqls > 0 then told.acquisition_cost / told.mqls end as decimal(20, 4)) as cpmql,
        cast(case when told.sqls > 0 then told.acquisition_cost / told.sqls end as decimal(20, 4)) as cpsql,
        cast(case when told.new_customers > 0 then told.acquisition_cost / told.new_customers end as decimal(20, 4)) as cac,
        case
            when told.new_customers = 0 then 'no_customers'
            when told.acquisition_cost is null then 'missing_rate'
            when told.acquisition_cost = 0 then 'no_cost'
            else 'ok'
        end as cac_status,
        cast(told.loaded_cost as decimal(20, 4)) as loaded_cost,
        cast(told.cac_loaded as decimal(20, 4)) as cac_loaded,
        cast(told.paid_cost_told as decimal(20, 4)) as paid_cost,
        cast(told.paid_customers_told as decimal(18, 6)) as paid_customers,
        cast(case when told.paid_customers_told > 0 then told.paid_cost_told / told.paid_customers_told end as decimal(20, 4)) as cac_paid,
        told.lag_months,
        cast(told.lagged_cost as decimal(20, 4)) as lagged_cost,
        cast(case when told.new_customers > 0 then told.lagged_cost / told.new_customers end as decimal(20, 4)) as cac_lagged,
        cast(told.closed_new_deals_12m as bigint) as closed_new_deals_12m,
        cast(told.closed_deals_12m as bigint) as closed_deals_12m,
        cast(
            case
                when told.channel_id = 'all' and told.new_customers > 0
                    then told.acquisition_cost * told.closed_new_deals_12m / nullif(told.closed_deals_12m, 0) / told.new_customers
            end as decimal(20, 4)
        ) as cac_new_logo,
        cast(told.revenue as decimal(20, 4)) as revenue,
        cast(told.arpc as decimal(20, 4)) as arpc,
        cast(told.gross_margin * 100 as decimal(9, 4)) as gross_margin_pct,
        cast(told.monthly_churn * 100 as decimal(9, 4)) as monthly_churn_pct,
        cast(told.ltv as decimal(20, 4)) as ltv,
        told.ltv_method,
        cast(
            case
                when told.new_customers > 0 and told.acquisition_cost > 0
                    then told.ltv / (told.acquisition_cost / told.new_customers)
            end as decimal(20, 4)
        ) as ltv_cac_x,
        cast(told.served_months as decimal(18, 9)) as expected_months,
        cast(told.discounted_months as decimal(18, 9)) as discounted_months,
        told.discounted_by,
        cast(case when told.arpc > 0 and told.gross_margin > 0 then told.arpc * told.gross_margin * told.served_months end as decimal(20, 4))
            as ltv_survival,
        cast(
            case when told.arpc > 0 and told.gross_margin > 0 then told.arpc * told.gross_margin * told.discounted_months end
            as decimal(20, 4)
        ) as ltv_discounted,
        cast(told.cohort_months as bigint) as cohort_months,
        cast(told.cohort_customers as decimal(18, 6)) as cohort_customers,
        cast(told.cohort_margin as decimal(20, 4)) as cohort_margin,
        cast(told.cohort_margin / nullif(told.cohort_customers, 0) as decimal(20, 4)) as ltv_cohort,
        cast(case when told.cac_loaded > 0 then told.cohort_margin / nullif(told.cohort_customers, 0) / told.cac_loaded end as decimal(20, 4))
            as ltv_cohort_cac_x,
        cast(told.predicted_customers as decimal(18, 6)) as predicted_customers,
        cast(told.predicted_ltv / nullif(told.predicted_customers, 0) as decimal(20, 4)) as ltv_predictive,
        cast(told.first_year_revenue as decimal(20, 4)) as first_year_revenue,
        cast(told.first_year_customer_months as decimal(18, 6)) as first_year_customer_months,
        cast(told.arpa_new as decimal(20, 4)) as arpa_new,
        cast(
            case when told.payback_status in ('ok', 'never', 'no_curve') then told.cac_loaded / (told.arpa_new * told.gross_margin) end
            as decimal(18, 4)
        ) as payback_months,
        cast(case when told.payback_status = 'ok' then told.payback_churn_adjusted end as bigint) as payback_churn_adjusted_months,
        told.payback_status,
        parameters.reporting_currency as currency_rpt
    from told
    cross join parameters

)

select * from final
