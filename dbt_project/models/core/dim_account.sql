with

accounts as (

    {{ conformed('accounts') }}

),

final as (

    select
        connection_id,
        account_id,
        account_code,
        account_name,
        account_class,
        account_type,
        native_type,
        system_role,
        is_active,
        account_class in ('revenue', 'expense') as is_profit_and_loss,
        case when account_class in ('asset', 'expense', 'unmapped') then 1 else -1 end as natural_sign
    from accounts

)

select * from final
