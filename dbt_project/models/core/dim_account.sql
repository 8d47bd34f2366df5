with

accounts as (

    select * from {{ ref('int_ledger_accounts_stacked') }}

),

-- Charts that do not say which side an account is on: the group account that its code is mapped to says it.
mapped as (

    select
        accounts.connection_id,
        accounts.account_id,
        arg_min(
            group_accounts.account_class,
            (
                rules.entity_id is null,
                -datediff('day', date '0001-01-01', coalesce(rules.valid_to, date '9999-12-31')),
                rules.group_account_code
            )
        ) as account_class
    from accounts
    inner join {{ ref('dim_entity') }} as entities on accounts.connection_id = entities.connection_id
    inner join {{ ref('account_mapping') }} as rules
        on
            ltrim(accounts.account_code, '0') = ltrim(rules.account_code, '0')
            and (rules.entity_id is null or entities.entity_id = rules.entity_id)
            and (rules.source_system is null or entities.source_system = rules.source_system)
    inner join {{ ref('group_accounts') }} as group_accounts on rules.group_account_code = group_accounts.group_account_code
    where accounts.account_class = 'unmapped'
    group by accounts.connection_id, accounts.account_id

),

classed as (

    select
        accounts.* exclude (account_class),
        coalesce(mapped.account_class, accounts.account_class) as account_class
    from accounts
    left join mapped on accounts.connection_id = mapped.connection_id and accounts.account_id = mapped.account_id

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
    from classed

)

select * from final
