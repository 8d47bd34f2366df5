with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

costs as (

    select * from {{ ref('fct_acquisition_month') }}

),

margins as (

    select * from {{ ref('fct_margin_month') }}

),

tenures as (

    select * from {{ ref('fct_customer_tenure') }}

),

-- Contracts that were billed before the books begin are met at their next bill, at most a year later.
books as (

    select
        entity_id,
        min(purchase_date) as books_since
    from {{ ref('fct_customer_purchase') }}
    group by entity_id

),

recurring as (

    select
        months.entity_id,
        months.period_month,
        {{ whole_sum('months.recurring_rpt') }} as monthly_revenue,
        case
            when count(months.recurring_rpt) = count(*)
                then
                    sum(
                        case
                            when
                                tenures.is_start_known
                                and date_trunc('quarter', tenures.acquired_month) = date_trunc('quarter', months.period_month)
                                then months.recurring_rpt
                            else 0
                        end
                    )
        end as new_monthly_revenue
    from {{ ref('fct_customer_month') }} as months
    inner join tenures on months.customer_id = tenures.customer_id
    group by months.entity_id, months.period_month

),

-- A quarter is told when its last month is closed; a sum of which a month is unknown is unknown.
quarters as (

    select
        costs.entity_id,
        cast(date_trunc('quarter', costs.period_month) as date) as quarter_start,
        max(costs.period_month) as last_month,
        {{ whole_sum('costs.loaded_cost_rpt') }} as cost,
        {{ whole_sum('margins.revenue_rpt') }} as revenue
    from costs
    cross join parameters
    left join margins on costs.entity_id = margins.entity_id and costs.period_month = margins.period_month
    where costs.period_month <= parameters.closed_month
    group by costs.entity_id, date_trunc('quarter', costs.period_month)
    having count(*) = 3

),

measured as (

    select
        quarters.*,
        12 * case when recurring.entity_id is null then 0 else recurring.monthly_revenue end as arr,
        12 * case when recurring.entity_id is null then 0 else recurring.new_monthly_revenue end as new_arr,
        case when margins.revenue_12m_rpt > 0 then margins.ebitda_12m_rpt * 100 / margins.revenue_12m_rpt end as ebitda_margin_pct,
        books.books_since
    from quarters
    left join recurring on quarters.entity_id = recurring.entity_id and quarters.last_month = recurring.period_month
    left join margins on quarters.entity_id = margins.entity_id and quarters.last_month = margins.period_month
    left join books on quarters.entity_id = books.entity_id

),

compared as (

    select
        measured.*,
        before.arr as prior_arr,
        before.revenue as prior_revenue,
        before.cost as prior_cost,
        -- In the first year of the books recurring revenue seems to grow.
        case
            when year_before.last_month >= date_trunc('month', measured.books_since) + interval 11 month and year_before.arr > 0
                then (measured.arr - year_before.arr) * 100 / year_before.arr
        end as arr_growth_pct,
        case
            when measured.books_since is null then 'no_customers'
            when before.entity_id is null then 'no_quarter_before'
            when measured.cost is null or before.cost is null or measured.arr is null or before.arr is null then 'missing_rate'
            when before.cost <= 0 then 'no_cost'
            when before.last_month < date_trunc('month', measured.books_since) + interval 11 month then 'books_too_young'
            else 'ok'
        end as status
    from measured
    left join measured as before
        on measured.entity_id = before.entity_id and measured.quarter_start - interval 3 month = before.quarter_start
    left join measured as year_before
        on measured.entity_id = year_before.entity_id and measured.quarter_start - interval 12 month = year_before.quarter_start

),

final as (

    select
        compared.entity_id,
        compared.quarter_start,
        cast(compared.arr as decimal(20, 4)) as arr,
        cast(compared.prior_arr as decimal(20, 4)) as prior_arr,
        cast(compared.arr - compared.prior_arr as decimal(20, 4)) as net_new_arr,
        cast(compared.new_arr as decimal(20, 4)) as new_arr,
        cast(compared.revenue as decimal(20, 4)) as revenue,
        cast(compared.prior_revenue as decimal(20, 4)) as prior_revenue,
        cast(compared.cost as decimal(20, 4)) as sales_marketing_cost,
        cast(compared.prior_cost as decimal(20, 4)) as prior_sales_marketing_cost,
        cast(case when compared.status = 'ok' then (compared.arr - compared.prior_arr) / compared.prior_cost end as decimal(18, 6))
            as magic_number,
        cast(
            case
                when compared.prior_cost > 0 then 4 * (compared.revenue - compared.prior_revenue) / compared.prior_cost
            end as decimal(18, 6)
        ) as magic_number_revenue,
        cast(case when compared.new_arr > 0 then compared.prior_cost / compared.new_arr end as decimal(18, 6)) as cac_ratio,
        cast(compared.arr_growth_pct as decimal(18, 4)) as arr_growth_pct,
        cast(compared.ebitda_margin_pct as decimal(18, 4)) as ebitda_margin_pct,
        cast(compared.arr_growth_pct + compared.ebitda_margin_pct as decimal(18, 4)) as rule_of_40_pct,
        compared.status,
        parameters.reporting_currency as currency_rpt
    from compared
    cross join parameters

)

select * from final
