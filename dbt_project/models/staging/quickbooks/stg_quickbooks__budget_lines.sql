with

parts as (

    {{ completed_loads('quickbooks', 'budget_lines') }}

),

budgets as (

    select * from {{ ref('stg_quickbooks__budgets') }}
    where not is_deleted

),

-- A budget and its lines travel in one load: what is older than the budget is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join budgets
        on
            parts.connection_id = budgets.connection_id
            and parts.budget_id = budgets.budget_id
            and parts._dlt_load_id = budgets._dlt_load_id

),

renamed as (

    select
        connection_id,
        budget_id,
        position,
        account_id,
        class_id,
        department_id,
        budget_date as period_start_date,
        amount as amount_func
    from current_parts

)

select * from renamed
