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

entities as (

    select * from {{ ref('dim_entity') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

final as (

    select
        entities.source_system || '|' || lines.connection_id || '|' || lines.budget_id || '|' || lines.account_id || '|'
        || strftime(lines.period_month, '%Y-%m') as plan_line_key,
        entities.entity_id,
        lines.connection_id,
        lines.budget_id,
        budgets.budget_name,
        'budget' as scenario,
        budgets.updated_at as budget_updated_at,
        -- A budget of one department is a part of the whole, which is a budget of its own.
        coalesce(departments.option_name, 'all') as department_name,
        lines.account_id,
        accounts.account_code,
        accounts.account_class,
        lines.period_month,
        lines.amount_func,
        entities.currency_func
    from lines
    inner join budgets on lines.connection_id = budgets.connection_id and lines.budget_id = budgets.budget_id
    inner join entities on lines.connection_id = entities.connection_id
    left join departments on lines.connection_id = departments.connection_id and lines.budget_id = departments.budget_id
    left join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where departments.option_name is not null or budgets.budget_type = 'overall'

)

select * from final
