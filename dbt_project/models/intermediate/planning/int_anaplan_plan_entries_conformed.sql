with

cells as (

    select * from {{ ref('int_anaplan_cells_placed') }}

),

final as (

    select
        connection_id,
        cell_id as plan_line_id,
        plan_id,
        org_unit_ref,
        account_code,
        account_name,
        department_name,
        period_month,
        amount as amount_func,
        'monthly' as phasing_method,
        _page_id
    from cells
    where line_item = 'amount' and plan_id is not null and account_code is not null and period_month is not null and amount is not null

)

select * from final
