with

budgets as (

    select * from {{ ref('stg_netsuite__budgets') }}

),

months as (

    select * from {{ ref('stg_netsuite__budgetsmachine') }}

),

periods as (

    select * from {{ ref('stg_netsuite__accountingperiod') }}

),

categories as (

    select * from {{ ref('stg_netsuite__budgetcategory') }}

),

departments as (

    select * from {{ ref('stg_netsuite__department') }}

),

parts as (

    select
        budgets.connection_id,
        coalesce(budgets.subsidiary_id, 'all') as org_unit_id,
        budgets.category_id,
        coalesce(categories.category_name, budgets.category_id) as category_name,
        departments.department_name,
        budgets.account_id,
        cast(date_trunc('month', periods.start_date) as date) as period_month,
        months.amount
    from budgets
    inner join months on budgets.connection_id = months.connection_id and budgets.budget_id = months.budget_id
    inner join periods on months.connection_id = periods.connection_id and months.period_id = periods.period_id
    left join categories on budgets.connection_id = categories.connection_id and budgets.category_id = categories.category_id
    left join departments
        on budgets.connection_id = departments.connection_id and budgets.department_id = departments.department_id

),

-- NetSuite budgets by department; the whole is their sum. Versions have no moment: they follow each other by number.
every_part as (

    select
        connection_id,
        org_unit_id,
        category_id,
        category_name,
        'all' as department_name,
        account_id,
        period_month,
        sum(amount) as amount
    from parts
    group by connection_id, org_unit_id, category_id, category_name, account_id, period_month
    union all
    select
        connection_id,
        org_unit_id,
        category_id,
        category_name,
        department_name,
        account_id,
        period_month,
        sum(amount) as amount
    from parts
    where department_name is not null
    group by connection_id, org_unit_id, category_id, category_name, department_name, account_id, period_month

),

final as (

    select
        connection_id,
        org_unit_id,
        org_unit_id || '|' || category_id || '|' || department_name || '|' || account_id || '|' || strftime(period_month, '%Y-%m')
            as plan_line_id,
        category_id as plan_id,
        category_name as plan_name,
        'budget' as scenario,
        timestamp '2000-01-01' + to_minutes(try_cast(category_id as integer)) as plan_updated_at,
        department_name,
        account_id,
        period_month,
        {{ money('amount') }} as amount_func,
        false as is_debit_positive
    from every_part

)

select * from final
