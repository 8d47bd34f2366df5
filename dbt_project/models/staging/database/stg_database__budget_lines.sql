with

source as (

    {{ completed_loads('database', 'budget_lines') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'budget_lines' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone on source.connection_id = gone.connection_id and source.budget_line_id = gone.row_key

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
