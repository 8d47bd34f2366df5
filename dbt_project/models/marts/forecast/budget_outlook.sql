-- Where the running year is going against its original budget: the closed months as they were booked, the rest as it is forecast.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

fiscal_months as (

    {{ fiscal_months() }}

),

years as (

    select
        fiscal_months.entity_id,
        fiscal_months.fiscal_year,
        fiscal_months.fiscal_year_end_date,
        parameters.closed_month
    from fiscal_months
    inner join parameters on fiscal_months.period_month = parameters.closed_month
    where parameters.as_of_date <= fiscal_months.fiscal_year_end_date

),

-- A budget that begins within the year is compared with the months from its beginning, one that ends before the year with nothing.
budgets as (

    select
        variances.entity_id,
        variances.connection_id,
        variances.account_id,
        variances.account_code,
        variances.account_name,
        variances.account_class,
        years.fiscal_year,
        years.fiscal_year_end_date,
        years.closed_month,
        variances.currency,
        min(variances.period_month) as first_month,
        max(
            case
                when variances.period_month = years.closed_month and variances.full_year_outlook is not null
                    then variances.full_year_budget
            end
        ) as full_year_budget
    from {{ ref('fct_variance') }} as variances
    inner join years on variances.entity_id = years.entity_id and variances.fiscal_year = years.fiscal_year
    where variances.comparison = 'budget_original' and variances.department_name = 'all'
    group by all

),

months as (

    select
        connection_id,
        account_id,
        case forecast_level when 'account' then 'all' else department_name end as department_name,
        period_month,
        actual_amount as amount,
        false as is_forecast
    from {{ ref('fct_forecast_level') }}
    where origin_month is null and forecast_level in ('account', 'line')
    union all
    select
        connection_id,
        account_id,
        case forecast_level when 'account' then 'all' else department_name end as department_name,
        period_month,
        mean_amount as amount,
        true as is_forecast
    from {{ ref('forecast') }}
    where is_latest and forecast_level in ('account', 'line')

),

summed as (

    select
        budgets.*,
        months.department_name,
        months.period_month,
        months.is_forecast,
        cast({{ whole_sum('months.amount') }} as decimal(20, 4)) as amount
    from budgets
    inner join months on budgets.connection_id = months.connection_id and budgets.account_id = months.account_id
    where months.period_month >= budgets.first_month and months.period_month <= budgets.fiscal_year_end_date
    group by all

),

final as (

    select
        entity_id,
        connection_id,
        department_name,
        account_id,
        account_code,
        account_name,
        account_class,
        fiscal_year,
        period_month,
        is_forecast,
        amount,
        cast(
            sum(amount) over (partition by connection_id, account_id, department_name order by period_month) as decimal(20, 4)
        ) as outlook_to_date,
        case when department_name = 'all' then full_year_budget end as full_year_budget,
        currency
    from summed

)

select * from final
