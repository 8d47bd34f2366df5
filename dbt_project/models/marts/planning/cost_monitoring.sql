with

rules as (

    select threshold
    from {{ ref('alert_rules') }}
    where rule_id = 'cost_increase'

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

costs as (

    select
        lines.entity_id,
        lines.connection_id,
        coalesce(lines.department_name, 'none') as department_name,
        lines.account_id,
        lines.period_month,
        sum(lines.amount_func) as amount
    from {{ ref('fct_gl_line') }} as lines
    inner join chart on lines.group_account_code = chart.group_account_code
    where chart.statement_section = 'operating_expenses'
    group by all

),

monthly as (

    select
        entity_id,
        department_name,
        period_month,
        sum(amount) as amount
    from costs
    group by entity_id, department_name, period_month
    union all
    select
        entity_id,
        'all' as department_name,
        period_month,
        sum(amount) as amount
    from costs
    group by entity_id, period_month

),

budgets as (

    select
        variances.entity_id,
        variances.department_name,
        variances.period_month,
        sum(variances.budget) as budget
    from {{ ref('fct_variance') }} as variances
    inner join (select distinct connection_id, account_id from costs) as accounts
        on variances.connection_id = accounts.connection_id and variances.account_id = accounts.account_id
    where variances.comparison = 'budget_current'
    group by variances.entity_id, variances.department_name, variances.period_month

),

months as (

    select distinct
        entity_id,
        period_month
    from {{ ref('dim_date') }}

),

departments as (

    select distinct
        entity_id,
        department_name
    from monthly

),

-- A month without any cost counts as zero in the average of those after it.
spread as (

    select
        departments.entity_id,
        departments.department_name,
        months.period_month,
        coalesce(monthly.amount, 0) as amount
    from departments
    inner join months on departments.entity_id = months.entity_id
    left join monthly
        on
            departments.entity_id = monthly.entity_id
            and departments.department_name = monthly.department_name
            and months.period_month = monthly.period_month

),

trended as (

    select
        *,
        lag(amount) over series as prior_month_amount,
        sum(amount) over (series rows between 3 preceding and 1 preceding) as amount_of_three,
        count(*) over (series rows between 3 preceding and 1 preceding) as baseline_months
    from spread
    window series as (partition by entity_id, department_name order by period_month)

),

final as (

    select
        trended.entity_id,
        trended.department_name,
        trended.period_month,
        cast(trended.amount as decimal(20, 4)) as amount_func,
        cast(trended.amount - trended.prior_month_amount as decimal(20, 4)) as change_func,
        cast(
            case
                when trended.prior_month_amount > 0
                    then (trended.amount - trended.prior_month_amount) * 100 / trended.prior_month_amount
            end as decimal(20, 4)
        ) as change_pct,
        cast(case when trended.baseline_months = 3 then trended.amount_of_three / 3 end as decimal(20, 4)) as baseline_func,
        cast(
            case
                when trended.baseline_months = 3 and trended.amount_of_three > 0
                    then (trended.amount * 3 - trended.amount_of_three) * 100 / trended.amount_of_three
            end as decimal(20, 4)
        ) as increase_pct,
        cast(budgets.budget as decimal(20, 4)) as budget_func,
        case
            when trended.baseline_months < 3 then 'no_history'
            when trended.amount_of_three <= 0 then 'no_baseline'
            -- Multiplied out: a quotient would be rounded at the very threshold.
            when trended.amount * 300 <= trended.amount_of_three * (100 + rules.threshold) then 'ok'
            when budgets.budget >= trended.amount then 'budgeted'
            else 'unexpected'
        end as status,
        last_day(trended.period_month) <= parameters.as_of_date as is_closed_month,
        entities.currency_func as currency
    from trended
    cross join parameters
    cross join rules
    inner join {{ ref('dim_entity') }} as entities on trended.entity_id = entities.entity_id
    left join budgets
        on
            trended.entity_id = budgets.entity_id
            and trended.department_name = budgets.department_name
            and trended.period_month = budgets.period_month

)

select * from final
