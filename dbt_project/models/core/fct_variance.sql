with

plans as (

    select
        * replace (books_id as connection_id),
        coalesce(scenario, 'budget') as plan_scenario
    from {{ ref('fct_plan_line') }}
    where is_followed and coalesce(scenario, 'budget') in ('budget', 'forecast') and account_id is not null

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

fiscal_months as (

    {{ fiscal_months() }}

),

-- Months of plans beyond the calendar are in the year that is running.
running_years as (

    select
        fiscal_months.entity_id,
        max(fiscal_months.period_month) as last_month,
        max_by(fiscal_months.fiscal_year, fiscal_months.period_month) as fiscal_year,
        max_by(fiscal_months.fiscal_year_end_date, fiscal_months.period_month) as fiscal_year_end_date
    from fiscal_months
    group by fiscal_months.entity_id

),

-- Of several budgets for one month the oldest is the original, the newest the current one; of forecasts the newest counts.
ranked as (

    select
        plans.*,
        row_number() over (series order by plans.budget_updated_at, plans.budget_id) as from_oldest,
        row_number() over (series order by plans.budget_updated_at desc, plans.budget_id desc) as from_newest
    from plans
    cross join parameters
    where plans.budget_updated_at < parameters.as_of_date + interval 1 day
    window series as (partition by plans.entity_id, plans.department_name, plans.account_id, plans.period_month, plans.plan_scenario)

),

planned as (

    select
        entity_id,
        connection_id,
        department_name,
        account_id,
        period_month,
        'budget_original' as comparison,
        budget_name as comparator_version,
        amount_func as budget
    from ranked
    where plan_scenario = 'budget' and from_oldest = 1
    union all
    select
        entity_id,
        connection_id,
        department_name,
        account_id,
        period_month,
        case plan_scenario when 'budget' then 'budget_current' else 'forecast_latest' end as comparison,
        budget_name as comparator_version,
        amount_func as budget
    from ranked
    where from_newest = 1

),

lines as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.department_name,
        lines.account_id,
        lines.period_month,
        lines.posting_date,
        lines.amount_func * accounts.natural_sign as amount
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.is_profit_and_loss

),

actuals as (

    select
        entity_id,
        connection_id,
        'all' as department_name,
        account_id,
        period_month,
        sum(amount) as actual
    from lines
    group by entity_id, connection_id, account_id, period_month
    union all
    select
        entity_id,
        connection_id,
        department_name,
        account_id,
        period_month,
        sum(amount) as actual
    from lines
    where department_name is not null
    group by entity_id, connection_id, department_name, account_id, period_month

),

-- A year of months is compared month by month, so that 29 February is in its month; a year of weeks by the days that are comparable,
-- which the 53rd week shifts.
days_of_weeks as (

    select
        dates.entity_id,
        dates.period_month,
        dates.prior_year_comparable_date
    from {{ ref('dim_date') }} as dates
    inner join entities on dates.entity_id = entities.entity_id
    where entities.calendar_pattern <> 'months'

),

lines_a_year_on as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.department_name,
        lines.account_id,
        days_of_weeks.period_month,
        lines.amount
    from lines
    inner join days_of_weeks
        on lines.entity_id = days_of_weeks.entity_id and lines.posting_date = days_of_weeks.prior_year_comparable_date

),

months_a_year_on as (

    {{ months_a_year_on() }}

),

months_before as (

    select
        fiscal_months.entity_id,
        fiscal_months.period_month,
        earlier.period_month as earlier_month
    from fiscal_months
    inner join fiscal_months as earlier
        on fiscal_months.entity_id = earlier.entity_id and fiscal_months.month_position = earlier.month_position + 1

),

comparators as (

    select * from planned
    union all
    select
        actuals.entity_id,
        actuals.connection_id,
        actuals.department_name,
        actuals.account_id,
        months_a_year_on.period_month,
        'prior_year' as comparison,
        'actual of ' || cast(months_a_year_on.earlier_month as varchar) as comparator_version,
        actuals.actual as budget
    from actuals
    inner join months_a_year_on
        on actuals.entity_id = months_a_year_on.entity_id and actuals.period_month = months_a_year_on.earlier_month
    where months_a_year_on.is_by_month
    union all
    select
        entity_id,
        connection_id,
        'all' as department_name,
        account_id,
        period_month,
        'prior_year' as comparison,
        'actual of the comparable days' as comparator_version,
        sum(amount) as budget
    from lines_a_year_on
    group by entity_id, connection_id, account_id, period_month
    union all
    select
        entity_id,
        connection_id,
        department_name,
        account_id,
        period_month,
        'prior_year' as comparison,
        'actual of the comparable days' as comparator_version,
        sum(amount) as budget
    from lines_a_year_on
    where department_name is not null
    group by entity_id, connection_id, department_name, account_id, period_month
    union all
    select
        actuals.entity_id,
        actuals.connection_id,
        actuals.department_name,
        actuals.account_id,
        months_before.period_month,
        'prior_period' as comparison,
        'actual of ' || cast(months_before.earlier_month as varchar) as comparator_version,
        actuals.actual as budget
    from actuals
    inner join months_before on actuals.entity_id = months_before.entity_id and actuals.period_month = months_before.earlier_month

),

-- Months and departments that have a budget at all: elsewhere an actual is not unbudgeted, only unplanned.
covered as (

    select distinct
        comparators.entity_id,
        comparators.department_name,
        comparators.period_month,
        comparators.comparison,
        fiscal_months.fiscal_year
    from comparators
    left join fiscal_months
        on comparators.entity_id = fiscal_months.entity_id and comparators.period_month = fiscal_months.period_month

),

moved as (

    select
        entity_id,
        connection_id,
        department_name,
        account_id,
        period_month,
        comparison
    from comparators
    union
    select
        actuals.entity_id,
        actuals.connection_id,
        actuals.department_name,
        actuals.account_id,
        actuals.period_month,
        covered.comparison
    from actuals
    inner join covered
        on
            actuals.entity_id = covered.entity_id
            and actuals.department_name = covered.department_name
            and actuals.period_month = covered.period_month

),

first_moved as (

    select
        moved.entity_id,
        moved.connection_id,
        moved.department_name,
        moved.account_id,
        moved.comparison,
        fiscal_months.fiscal_year,
        min(moved.period_month) as first_month
    from moved
    inner join fiscal_months on moved.entity_id = fiscal_months.entity_id and moved.period_month = fiscal_months.period_month
    group by all

),

-- What moved once in a year is in its year to date from then on, in months without any movement too.
wanted as (

    select * from moved
    union
    select
        first_moved.entity_id,
        first_moved.connection_id,
        first_moved.department_name,
        first_moved.account_id,
        covered.period_month,
        first_moved.comparison
    from first_moved
    inner join covered
        on
            first_moved.entity_id = covered.entity_id
            and first_moved.department_name = covered.department_name
            and first_moved.comparison = covered.comparison
            and first_moved.fiscal_year = covered.fiscal_year
    where covered.period_month > first_moved.first_month

),

-- What is still to come in the running year: the newest forecast of each month, else the newest budget.
still_planned as (

    select
        planned.entity_id,
        planned.department_name,
        planned.account_id,
        planned.period_month,
        running_years.fiscal_year,
        planned.budget as amount
    from planned
    inner join running_years on planned.entity_id = running_years.entity_id
    cross join parameters
    where
        planned.comparison <> 'budget_original'
        and planned.period_month > parameters.closed_month
        and planned.period_month <= running_years.fiscal_year_end_date
    qualify
        row_number() over (
            partition by planned.entity_id, planned.department_name, planned.account_id, planned.period_month
            order by case planned.comparison when 'forecast_latest' then 1 else 2 end
        ) = 1

),

horizons as (

    select
        entity_id,
        department_name,
        max(period_month) as last_planned_month
    from still_planned
    group by entity_id, department_name

),

outlooks as (

    select
        entity_id,
        department_name,
        account_id,
        fiscal_year,
        sum(amount) as amount
    from (
        select
            actuals.entity_id,
            actuals.department_name,
            actuals.account_id,
            fiscal_months.fiscal_year,
            actuals.actual as amount
        from actuals
        inner join fiscal_months on actuals.entity_id = fiscal_months.entity_id and actuals.period_month = fiscal_months.period_month
        cross join parameters
        where actuals.period_month <= parameters.closed_month
        union all
        select
            entity_id,
            department_name,
            account_id,
            fiscal_year,
            amount
        from still_planned
    ) as parts
    group by entity_id, department_name, account_id, fiscal_year

),

full_years as (

    select
        planned.entity_id,
        planned.department_name,
        planned.account_id,
        planned.comparison,
        coalesce(fiscal_months.fiscal_year, running_years.fiscal_year) as fiscal_year,
        sum(planned.budget) as budget
    from planned
    inner join running_years on planned.entity_id = running_years.entity_id
    left join fiscal_months on planned.entity_id = fiscal_months.entity_id and planned.period_month = fiscal_months.period_month
    where
        fiscal_months.fiscal_year is not null
        or (planned.period_month > running_years.last_month and planned.period_month <= running_years.fiscal_year_end_date)
    group by all
    union all
    select
        actuals.entity_id,
        actuals.department_name,
        actuals.account_id,
        'prior_year' as comparison,
        fiscal_months.fiscal_year + 1 as fiscal_year,
        sum(actuals.actual) as budget
    from actuals
    inner join fiscal_months on actuals.entity_id = fiscal_months.entity_id and actuals.period_month = fiscal_months.period_month
    group by all

),

-- A year is planned at the rate with which it begins.
budget_rates as (

    {{ budget_rates() }}

),

rates_of_comparisons as (

    {{ rates_of_comparisons() }}

),

compared as (

    select
        wanted.entity_id,
        wanted.connection_id,
        wanted.department_name,
        wanted.account_id,
        accounts.account_code,
        accounts.account_name,
        accounts.account_class,
        wanted.period_month,
        fiscal_months.fiscal_year,
        fiscal_months.fiscal_quarter,
        fiscal_months.fiscal_year_end_date,
        wanted.comparison,
        comparators.comparator_version,
        cast(coalesce(actuals.actual, 0) as decimal(20, 4)) as actual,
        cast(comparators.budget as decimal(20, 4)) as budget,
        entities.currency_func,
        parameters.as_of_date,
        parameters.closed_month,
        parameters.reporting_currency,
        rates.average_rate,
        rates_of_comparisons.rate as comparator_rate
    from wanted
    inner join {{ ref('dim_account') }} as accounts
        on wanted.connection_id = accounts.connection_id and wanted.account_id = accounts.account_id
    inner join entities on wanted.entity_id = entities.entity_id
    cross join parameters
    left join comparators
        on
            wanted.entity_id = comparators.entity_id
            and wanted.department_name = comparators.department_name
            and wanted.account_id = comparators.account_id
            and wanted.period_month = comparators.period_month
            and wanted.comparison = comparators.comparison
    left join actuals
        on
            wanted.entity_id = actuals.entity_id
            and wanted.department_name = actuals.department_name
            and wanted.account_id = actuals.account_id
            and wanted.period_month = actuals.period_month
    left join fiscal_months on wanted.entity_id = fiscal_months.entity_id and wanted.period_month = fiscal_months.period_month
    left join rates on wanted.entity_id = rates.entity_id and wanted.period_month = rates.period_month
    left join rates_of_comparisons
        on
            wanted.entity_id = rates_of_comparisons.entity_id
            and wanted.period_month = rates_of_comparisons.period_month
            and wanted.comparison = rates_of_comparisons.comparison
    where wanted.period_month <= parameters.as_of_date

),

cumulated as (

    select
        *,
        case when fiscal_year is not null then sum(actual) over to_date end as ytd_actual,
        case when fiscal_year is not null and comparison <> 'prior_period' then sum(coalesce(budget, 0)) over to_date end as ytd_budget,
        case when fiscal_year is not null then sum(actual) over quarter_to_date end as qtd_actual,
        case
            when fiscal_year is not null and comparison <> 'prior_period' then sum(coalesce(budget, 0)) over quarter_to_date
        end as qtd_budget,
        {{ posted('actual * average_rate', 'reporting_currency') }} as actual_rpt,
        {{ posted('coalesce(budget, 0) * comparator_rate', 'reporting_currency') }} as budget_rpt,
        {{ posted('actual * comparator_rate', 'reporting_currency') }} as actual_at_comparator_rate_rpt
    from compared
    window
        to_date as (
            partition by entity_id, connection_id, department_name, account_id, comparison, fiscal_year
            order by period_month
        ),
        quarter_to_date as (
            partition by entity_id, connection_id, department_name, account_id, comparison, fiscal_year, fiscal_quarter
            order by period_month
        )

),

final as (

    select
        cumulated.entity_id,
        cumulated.connection_id,
        cumulated.department_name,
        cumulated.account_id,
        cumulated.account_code,
        cumulated.account_name,
        cumulated.account_class,
        cumulated.period_month,
        cumulated.fiscal_year,
        cumulated.comparison,
        cumulated.comparator_version,
        cumulated.actual,
        cumulated.budget,
        cast(cumulated.actual - coalesce(cumulated.budget, 0) as decimal(20, 4)) as variance_abs,
        cast(
            case when cumulated.budget <> 0 then (cumulated.actual - cumulated.budget) * 100 / abs(cumulated.budget) end as decimal(20, 4)
        ) as variance_pct,
        {{ favourable('cumulated.actual', 'cumulated.budget', 'cumulated.account_class') }} as fav_unfav,
        {{ variance_status('cumulated.actual', 'cumulated.budget') }} as status,
        {{ is_material('cumulated.actual', 'cumulated.budget', 'cumulated.average_rate') }} as is_material,
        {{ favourable('cumulated.actual', 'cumulated.budget', 'cumulated.account_class') }} = 'F'
        and {{ is_material('cumulated.actual', 'cumulated.budget', 'cumulated.average_rate') }} as needs_review,
        last_day(cumulated.period_month) <= cumulated.as_of_date as is_closed_month,
        cumulated.currency_func as currency,
        cast(cumulated.qtd_actual as decimal(20, 4)) as qtd_actual,
        cast(cumulated.qtd_budget as decimal(20, 4)) as qtd_budget,
        cast(cumulated.qtd_actual - cumulated.qtd_budget as decimal(20, 4)) as qtd_variance,
        cast(cumulated.ytd_actual as decimal(20, 4)) as ytd_actual,
        cast(cumulated.ytd_budget as decimal(20, 4)) as ytd_budget,
        cast(cumulated.ytd_actual - cumulated.ytd_budget as decimal(20, 4)) as ytd_variance,
        cast(
            case
                when
                    cumulated.fiscal_year_end_date < cumulated.closed_month + interval 1 month
                    or last_day(horizons.last_planned_month) >= cumulated.fiscal_year_end_date
                    then coalesce(outlooks.amount, 0)
            end as decimal(20, 4)
        ) as full_year_outlook,
        cast(
            case when cumulated.comparison <> 'prior_period' then full_years.budget end as decimal(20, 4)
        ) as full_year_budget,
        cumulated.actual_rpt,
        cumulated.budget_rpt,
        cast(cumulated.actual_rpt - cumulated.budget_rpt as decimal(20, 4)) as variance_rpt,
        cast(cumulated.actual_rpt - cumulated.actual_at_comparator_rate_rpt as decimal(20, 4)) as fx_effect_rpt,
        cast(cumulated.actual_at_comparator_rate_rpt - cumulated.budget_rpt as decimal(20, 4)) as operational_rpt,
        cumulated.comparator_rate,
        cumulated.reporting_currency as currency_rpt
    from cumulated
    left join horizons on cumulated.entity_id = horizons.entity_id and cumulated.department_name = horizons.department_name
    left join outlooks
        on
            cumulated.entity_id = outlooks.entity_id
            and cumulated.department_name = outlooks.department_name
            and cumulated.account_id = outlooks.account_id
            and cumulated.fiscal_year = outlooks.fiscal_year
    left join full_years
        on
            cumulated.entity_id = full_years.entity_id
            and cumulated.department_name = full_years.department_name
            and cumulated.account_id = full_years.account_id
            and cumulated.comparison = full_years.comparison
            and cumulated.fiscal_year = full_years.fiscal_year

)

select * from final
