with

source as (

    {{ completed_loads('database', 'accounts') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'accounts' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone on source.connection_id = gone.connection_id and source.account_id = gone.row_key

),

renamed as (

    select
        connection_id,
        account_id,
        ledger_id,
        coalesce(code, account_id) as account_code,
        coalesce(name, code, account_id) as account_name,
        lower(class) as account_class,
        lower(type) as account_type,
        lower(control_role) as control_role,
        coalesce(is_active, true) as is_active
    from there

)

select * from renamed
