with

cells as (

    select * from {{ ref('int_anaplan_cells_placed') }}

),

final as (

    select
        connection_id,
        plan_id,
        org_unit_ref,
        line_item as driver,
        department_name,
        product_name,
        period_month,
        amount
    from cells
    where line_item in ('headcount', 'volume', 'price') and plan_id is not null and period_month is not null and amount is not null

)

select * from final
