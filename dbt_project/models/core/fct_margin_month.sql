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
    where is_profit_and_loss

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

-- By the group's chart; an account that is not in it by what its own books call it. Revenue is what customers pay: charges to
-- companies of the group are none. What running the company costs is without these too, and without depreciation.
placed as (

    select
        lines.entity_id,
        lines.period_month,
        case
            when chart.statement_section in ('revenue', 'cost_of_revenue') then chart.statement_section
            when
                chart.statement_section = 'operating_expenses'
                and lines.partner_entity_id is null
                {% for code in var('depreciation_accounts') %}
                    and chart.group_account_code <> '{{ code }}'
                {% endfor %}
                then 'operating_expenses'
            when chart.statement_section is null or chart.statement_section = 'unmapped'
                then
                    case
                        when accounts.account_type = 'revenue' then 'revenue'
                        when accounts.account_type = 'direct_cost' then 'cost_of_revenue'
                        when accounts.account_type = 'expense' and lines.partner_entity_id is null then 'operating_expenses'
                    end
        end as section,
        sum(lines.amount_func) as amount_func
    from lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join chart on lines.group_account_code = chart.group_account_code
    where accounts.account_class <> 'revenue' or lines.partner_entity_id is null
    group by all

),

translated as (

    select
        placed.entity_id,
        placed.period_month,
        placed.section,
        {{ posted('placed.amount_func * rates.average_rate', 'rates.to_currency') }} as amount_rpt
    from placed
    left join rates on placed.entity_id = rates.entity_id and placed.period_month = rates.period_month
    where placed.section is not null

),

-- A sum of which a part has no rate is unknown; a month in which nothing was sold or served has neither revenue nor its cost.
summed as (

    select
        entity_id,
        period_month,
        count(amount_rpt) = count(*) as has_rates,
        sum(case section when 'revenue' then -amount_rpt when 'cost_of_revenue' then 0 end) as revenue,
        sum(case section when 'cost_of_revenue' then amount_rpt when 'revenue' then 0 end) as direct_cost,
        sum(case section when 'operating_expenses' then amount_rpt else 0 end) as operating_cost
    from translated
    group by entity_id, period_month

),

-- Over the last twelve months, so that single months do not move it. A month without bookings adds nothing.
yearly as (

    select
        months.entity_id,
        months.period_month,
        case when summed.has_rates then summed.revenue end as revenue,
        case when summed.has_rates then summed.direct_cost end as direct_cost,
        case when summed.has_rates then summed.operating_cost end as operating_cost,
        count(case when not summed.has_rates then 1 end) over year = 0 as year_has_rates,
        case when year_has_rates then sum(summed.revenue) over year end as revenue_12m,
        case when year_has_rates then sum(summed.direct_cost) over year end as direct_cost_12m,
        case when year_has_rates then sum(summed.operating_cost) over year end as operating_cost_12m
    from months
    left join summed on months.entity_id = summed.entity_id and months.period_month = summed.period_month
    window year as (partition by months.entity_id order by months.period_month rows between 11 preceding and current row)

),

final as (

    select
        entity_id,
        period_month,
        cast(revenue as decimal(20, 4)) as revenue_rpt,
        cast(direct_cost as decimal(20, 4)) as direct_cost_rpt,
        cast(revenue_12m as decimal(20, 4)) as revenue_12m_rpt,
        cast(direct_cost_12m as decimal(20, 4)) as direct_cost_12m_rpt,
        cast(case when revenue_12m > 0 then (revenue_12m - direct_cost_12m) / revenue_12m end as decimal(18, 9)) as gross_margin,
        cast(operating_cost as decimal(20, 4)) as operating_cost_rpt,
        cast(revenue_12m - direct_cost_12m - operating_cost_12m as decimal(20, 4)) as ebitda_12m_rpt
    from yearly

)

select * from final
