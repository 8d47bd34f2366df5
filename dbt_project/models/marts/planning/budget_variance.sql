with

plans as (

    select * replace (books_id as connection_id)
    from {{ ref('fct_plan_line') }}
    where is_followed and plan_kind <> 'what_if' and account_id is not null

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

-- Of several budgets for one month the oldest is the original, the newest the current one.
ranked as (

    select
        plans.*,
        row_number() over (series order by plans.budget_updated_at, plans.budget_id) as from_oldest,
        row_number() over (series order by plans.budget_updated_at desc, plans.budget_id desc) as from_newest
    from plans
    cross join parameters
    where plans.budget_updated_at < parameters.as_of_date + interval 1 day
    window series as (partition by plans.entity_id, plans.department_name, plans.account_id, plans.period_month)

),

comparators as (

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
    where from_oldest = 1
    union all
    select
        entity_id,
        connection_id,
        department_name,
        account_id,
        period_month,
        'budget_current' as comparison,
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

-- Months and departments that have a budget at all: elsewhere an actual is not unbudgeted, only unplanned.
covered as (

    select distinct
        entity_id,
        department_name,
        period_month,
        comparison,
        comparator_version
    from comparators

),

wanted as (

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
        wanted.comparison,
        comparators.comparator_version,
        cast(coalesce(actuals.actual, 0) as decimal(20, 4)) as actual,
        comparators.budget,
        entities.currency_func,
        parameters.as_of_date
    from wanted
    inner join {{ ref('dim_account') }} as accounts
        on wanted.connection_id = accounts.connection_id and wanted.account_id = accounts.account_id
    inner join {{ ref('dim_entity') }} as entities on wanted.entity_id = entities.entity_id
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
    where wanted.period_month <= parameters.as_of_date

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
        period_month,
        comparison,
        comparator_version,
        actual,
        budget,
        cast(actual - coalesce(budget, 0) as decimal(20, 4)) as variance_abs,
        cast(case when budget <> 0 then (actual - budget) * 100 / abs(budget) end as decimal(20, 4)) as variance_pct,
        case
            when actual = coalesce(budget, 0) then 'N'
            when (actual > coalesce(budget, 0)) = (account_class = 'revenue') then 'F'
            else 'U'
        end as fav_unfav,
        case
            when coalesce(budget, 0) = 0 then 'unbudgeted'
            when actual = 0 then 'unspent'
            when (actual < 0) <> (budget < 0) then 'sign_change'
            else 'ok'
        end as status,
        abs(actual - coalesce(budget, 0)) > {{ var('variance_material_amount') }}
        and (coalesce(budget, 0) = 0 or abs(actual - budget) * 100 > {{ var('variance_material_pct') }} * abs(budget)) as is_material,
        last_day(period_month) <= as_of_date as is_closed_month,
        currency_func as currency
    from compared

)

select * from final
