with

there as (

    {{ rows_still_there('accounts', 'source.account_id') }}

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
