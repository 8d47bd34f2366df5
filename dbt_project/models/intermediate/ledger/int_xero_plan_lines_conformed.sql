with

budgets as (

    select * from {{ ref('stg_xero__budgets') }}

),

lines as (

    select * from {{ ref('stg_xero__budget_lines') }}

),

departments as (

    select * from {{ ref('stg_xero__budget_tracking') }}
    where category_name like '%department%'

),

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

final as (

    select
        lines.connection_id,
        organisations.organisation_id as org_unit_id,
        lines.budget_id || '|' || lines.account_id || '|' || strftime(lines.period_month, '%Y-%m') as plan_line_id,
        lines.budget_id as plan_id,
        budgets.budget_name as plan_name,
        'budget' as scenario,
        budgets.updated_at as plan_updated_at,
        -- A budget of one department is a part of the whole, which is a budget of its own.
        coalesce(departments.option_name, 'all') as department_name,
        lines.account_id,
        lines.period_month,
        lines.amount_func,
        false as is_debit_positive
    from lines
    inner join budgets on lines.connection_id = budgets.connection_id and lines.budget_id = budgets.budget_id
    inner join organisations on lines.connection_id = organisations.connection_id
    left join departments on lines.connection_id = departments.connection_id and lines.budget_id = departments.budget_id
    where departments.option_name is not null or budgets.budget_type = 'overall'

)

select * from final
