with

there as (

    {{ rows_still_there('budget_lines', 'source.budget_line_id') }}

),

renamed as (

    select
        connection_id,
        budget_line_id,
        account_id,
        period_month,
        amount as amount_func,
        coalesce(budget, 'budget') as budget,
        version,
        ledger_id,
        department as department_name,
        changed_at as updated_at
    from there

)

select * from renamed
