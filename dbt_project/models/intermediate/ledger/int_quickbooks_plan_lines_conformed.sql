with

budgets as (

    select * from {{ ref('stg_quickbooks__budgets') }}
    where not is_deleted

),

lines as (

    select * from {{ ref('stg_quickbooks__budget_lines') }}

),

books as (

    select * from {{ ref('int_quickbooks_books_conformed') }}

),

classes as (

    select * from {{ ref('int_quickbooks_classes_listed') }}

),

locations as (

    select * from {{ ref('int_quickbooks_locations_listed') }}

),

months as (

    select unnest(range(12)) as month_number

),

entered as (

    select
        lines.connection_id,
        lines.budget_id,
        budgets.budget_name,
        budgets.updated_at,
        books.org_unit_id,
        books.currency_func,
        coalesce(locations.department_name, classes.department_name) as department_name,
        lines.account_id,
        lines.period_start_date,
        lines.amount_func,
        case budgets.entry_type when 'quarterly' then 3 when 'annually' then 12 when 'yearly' then 12 else 1 end as month_count
    from lines
    inner join budgets on lines.connection_id = budgets.connection_id and lines.budget_id = budgets.budget_id
    inner join books on lines.connection_id = books.connection_id
    left join classes on lines.connection_id = classes.connection_id and lines.class_id = classes.class_id
    left join locations on lines.connection_id = locations.connection_id and lines.department_id = locations.department_id

),

-- An amount of a quarter or a year is spread evenly over its months; what rounding leaves stands in the first.
parts as (

    select
        entered.connection_id,
        entered.org_unit_id,
        entered.budget_id,
        entered.budget_name,
        entered.updated_at,
        entered.department_name,
        entered.account_id,
        cast(date_trunc('month', entered.period_start_date) + to_months(cast(months.month_number as integer)) as date) as period_month,
        {{ posted('entered.amount_func / entered.month_count', 'entered.currency_func') }}
        + case months.month_number
            when 0
                then
                    {{ money('entered.amount_func') }}
                    - entered.month_count * {{ posted('entered.amount_func / entered.month_count', 'entered.currency_func') }}
            else 0
        end as amount_func
    from entered
    inner join months on entered.month_count > months.month_number

),

-- Subdivided by class or location a budget's whole is the sum of its parts.
every_part as (

    select
        connection_id,
        org_unit_id,
        budget_id,
        budget_name,
        updated_at,
        'all' as department_name,
        account_id,
        period_month,
        sum(amount_func) as amount_func
    from parts
    group by connection_id, org_unit_id, budget_id, budget_name, updated_at, account_id, period_month
    union all
    select
        connection_id,
        org_unit_id,
        budget_id,
        budget_name,
        updated_at,
        department_name,
        account_id,
        period_month,
        sum(amount_func) as amount_func
    from parts
    where department_name is not null
    group by connection_id, org_unit_id, budget_id, budget_name, updated_at, department_name, account_id, period_month

),

final as (

    select
        connection_id,
        org_unit_id,
        budget_id || '|' || department_name || '|' || account_id || '|' || strftime(period_month, '%Y-%m') as plan_line_id,
        budget_id as plan_id,
        budget_name as plan_name,
        'budget' as scenario,
        updated_at as plan_updated_at,
        department_name,
        account_id,
        period_month,
        {{ money('amount_func') }} as amount_func,
        false as is_debit_positive
    from every_part

)

select * from final
