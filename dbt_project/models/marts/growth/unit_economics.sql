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
        {{ whole_sum('costs.cost_rpt') }} as cost
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

-- What is counted for a channel is counted for all of them together.
scopes as (

    select unnest(['channel', 'all']) as scope

),

-- A lead counts as such, as qualified by marketing and as accepted by sales in the month of each.
stages as (

    select
        entity_id,
        channel_id,
        period_month,
        1 as leads,
        0 as mqls,
        0 as sqls
    from {{ ref('fct_lead') }}
    union all
    select
        entity_id,
        channel_id,
        cast(date_trunc('month', mql_at) as date) as period_month,
        0 as leads,
        1 as mqls,
        0 as sqls
    from {{ ref('fct_lead') }}
    union all
    select
        entity_id,
        channel_id,
        cast(date_trunc('month', sql_at) as date) as period_month,
        0 as leads,
        0 as mqls,
        1 as sqls
    from {{ ref('fct_lead') }}

),

leads as (

    select
        stages.entity_id,
        case scopes.scope when 'all' then 'all' else stages.channel_id end as channel_id,
        stages.period_month,
        sum(stages.leads) as lead_count,
        sum(stages.mqls) as mql_count,
        sum(stages.sqls) as sql_count
    from stages
    cross join scopes
    group by all

),

wins as (

    select
        credits.entity_id,
        case scopes.scope when 'all' then 'all' else credits.channel_id end as channel_id,
        credits.period_month,
        sum(credits.weight) as new_customers,
        {{ whole_sum('credits.credit_amount_rpt') }} as attributed_revenue
    from {{ ref('revenue_attribution') }} as credits
    cross join scopes
    where credits.attribution_model = 'linear' and credits.amount_basis = 'bookings'
    group by all

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
        parameters.closed_month,
        parameters.reporting_currency,
        channels.channel_id,
        channels.is_paid,
        acquisitions.lag_months,
        cast(valued.period_month - to_months(acquisitions.lag_months) as date) as lagged_month,
        acquisitions.loaded_cost_rpt as company_cost,
        acquisitions.closed_new_deals_12m,
        acquisitions.closed_deals_12m
    from valued
    cross join parameters
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
            when lacks_rate or overhead < 0 or period_month > closed_month then null
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
        channels_so_far as (partition by entity_id, period_month order by channel_id)

),

-- What who came in the month by the channel has brought so far.
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
        case scopes.scope when 'all' then 'all' else shares.channel_id end as channel_id,
        sum(shares.weight) as customers,
        sum(lifetimes.ltv_predictive * shares.weight) as ltv
    from {{ ref('customer_lifetime') }} as lifetimes
    inner join {{ ref('bridge_customer_channel') }} as shares on lifetimes.customer_id = shares.customer_id
    cross join scopes
    where lifetimes.ltv_method = 'predictive' and lifetimes.is_start_known
    group by all

),

curve_channels as (

    select distinct
        entity_id,
        channel_id
    from curves

),

-- A channel that never won a contract has the curve of the company.
curve_keys as (

    select
        companies.entity_id,
        channels.channel_id,
        coalesce(own.channel_id, 'all') as curve_channel_id
    from curve_channels as companies
    cross join channels
    left join curve_channels as own on companies.entity_id = own.entity_id and channels.channel_id = own.channel_id
    where companies.channel_id = 'all'

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
            -- Without a curve, who is there stays with probability 1 - churn.
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

-- The first month by which the months that a customer is expected to stay for have paid its cost back.
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
            when joined.period_month > joined.closed_month then 'not_closed'
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
        entity_id,
        channel_id as channel,
        period_month,
        cast(leads as bigint) as leads,
        cast(mqls as bigint) as mqls,
        cast(sqls as bigint) as sqls,
        cast(new_customers as decimal(18, 6)) as new_customers,
        cast(active_customers as bigint) as active_customers,
        cast(acquisition_cost as decimal(20, 4)) as acquisition_cost,
        cast(attributed_revenue as decimal(20, 4)) as attributed_revenue,
        cast(case when leads > 0 then acquisition_cost / leads end as decimal(20, 4)) as cpl,
        cast(case when mqls > 0 then acquisition_cost / mqls end as decimal(20, 4)) as cpmql,
        cast(case when sqls > 0 then acquisition_cost / sqls end as decimal(20, 4)) as cpsql,
        cast(case when new_customers > 0 then acquisition_cost / new_customers end as decimal(20, 4)) as cac,
        case
            when new_customers = 0 then 'no_customers'
            when acquisition_cost is null then 'missing_rate'
            when acquisition_cost = 0 then 'no_cost'
            else 'ok'
        end as cac_status,
        cast(loaded_cost as decimal(20, 4)) as loaded_cost,
        cast(cac_loaded as decimal(20, 4)) as cac_loaded,
        cast(paid_cost_told as decimal(20, 4)) as paid_cost,
        cast(paid_customers_told as decimal(18, 6)) as paid_customers,
        cast(case when paid_customers_told > 0 then paid_cost_told / paid_customers_told end as decimal(20, 4)) as cac_paid,
        lag_months,
        cast(lagged_cost as decimal(20, 4)) as lagged_cost,
        cast(case when new_customers > 0 then lagged_cost / new_customers end as decimal(20, 4)) as cac_lagged,
        cast(closed_new_deals_12m as bigint) as closed_new_deals_12m,
        cast(closed_deals_12m as bigint) as closed_deals_12m,
        cast(
            case
                when channel_id = 'all' and new_customers > 0
                    then acquisition_cost * closed_new_deals_12m / nullif(closed_deals_12m, 0) / new_customers
            end as decimal(20, 4)
        ) as cac_new_logo,
        cast(revenue as decimal(20, 4)) as revenue,
        cast(arpc as decimal(20, 4)) as arpc,
        cast(gross_margin * 100 as decimal(9, 4)) as gross_margin_pct,
        cast(monthly_churn * 100 as decimal(9, 4)) as monthly_churn_pct,
        cast(ltv as decimal(20, 4)) as ltv,
        ltv_method,
        cast(
            case
                when new_customers > 0 and acquisition_cost > 0
                    then ltv / (acquisition_cost / new_customers)
            end as decimal(20, 4)
        ) as ltv_cac_x,
        cast(served_months as decimal(18, 9)) as expected_months,
        cast(discounted_months as decimal(18, 9)) as discounted_months,
        discounted_by,
        cast(case when arpc > 0 and gross_margin > 0 then arpc * gross_margin * served_months end as decimal(20, 4))
            as ltv_survival,
        cast(
            case when arpc > 0 and gross_margin > 0 then arpc * gross_margin * discounted_months end
            as decimal(20, 4)
        ) as ltv_discounted,
        cast(cohort_months as bigint) as cohort_months,
        cast(cohort_customers as decimal(18, 6)) as cohort_customers,
        cast(cohort_margin as decimal(20, 4)) as cohort_margin,
        cast(cohort_margin / nullif(cohort_customers, 0) as decimal(20, 4)) as ltv_cohort,
        cast(case when cac_loaded > 0 then cohort_margin / nullif(cohort_customers, 0) / cac_loaded end as decimal(20, 4))
            as ltv_cohort_cac_x,
        cast(predicted_customers as decimal(18, 6)) as predicted_customers,
        cast(predicted_ltv / nullif(predicted_customers, 0) as decimal(20, 4)) as ltv_predictive,
        cast(first_year_revenue as decimal(20, 4)) as first_year_revenue,
        cast(first_year_customer_months as decimal(18, 6)) as first_year_customer_months,
        cast(arpa_new as decimal(20, 4)) as arpa_new,
        cast(
            case when payback_status in ('ok', 'never', 'no_curve') then cac_loaded / (arpa_new * gross_margin) end
            as decimal(18, 4)
        ) as payback_months,
        cast(case when payback_status = 'ok' then payback_churn_adjusted end as bigint) as payback_churn_adjusted_months,
        payback_status,
        reporting_currency as currency_rpt
    from told

)

select * from final
