with

accounts as (

    select * from {{ ref('stg_database__accounts') }}

),

final as (

    select
        connection_id,
        account_id,
        account_code,
        account_name,
        case
            when account_class in ('asset', 'liability', 'equity', 'revenue', 'expense') then account_class
            else 'unmapped'
        end as account_class,
        coalesce(account_type, 'unknown') as account_type,
        account_type as native_type,
        coalesce(control_role, case when account_type = 'bank' then 'bank' end) as system_role,
        is_active
    from accounts

)

select * from final
