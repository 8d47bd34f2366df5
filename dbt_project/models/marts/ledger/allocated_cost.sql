with

lines as (

    select
        lines.entity_id,
        lines.period_month,
        lines.group_account_code,
        lines.department_name,
        lines.currency_func,
        lines.amount_func
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.account_class = 'expense'

),

allocations as (

    select * from {{ ref('fct_allocation') }}
    where status = 'ok'

),

every_row as (

    select
        entity_id,
        period_month,
        group_account_code,
        coalesce(department_name, 'none') as department_name,
        currency_func,
        amount_func as direct_func,
        0 as received_func,
        0 as passed_on_func
    from lines
    union all
    select
        entity_id,
        period_month,
        group_account_code,
        to_department as department_name,
        currency_func,
        0 as direct_func,
        amount_func as received_func,
        0 as passed_on_func
    from allocations
    union all
    select
        entity_id,
        period_month,
        group_account_code,
        from_department as department_name,
        currency_func,
        0 as direct_func,
        0 as received_func,
        amount_func as passed_on_func
    from allocations

),

final as (

    select
        entity_id,
        period_month,
        department_name,
        group_account_code,
        cast(sum(direct_func) as decimal(20, 4)) as direct_func,
        cast(sum(received_func) as decimal(20, 4)) as received_func,
        cast(sum(passed_on_func) as decimal(20, 4)) as passed_on_func,
        cast(sum(direct_func) + sum(received_func) - sum(passed_on_func) as decimal(20, 4)) as total_func,
        any_value(currency_func) as currency_func
    from every_row
    group by entity_id, period_month, department_name, group_account_code

)

select * from final
