with

accounts as (

    select * from {{ ref('stg_xero__accounts') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

lines as (

    select * from {{ ref('stg_xero__journal_lines') }}

),

-- An account that journals use and the chart does not hold stays visible, as what the journals say of it.
only_in_journals as (

    select
        lines.connection_id,
        lines.account_id,
        max(coalesce(nullif(lines.account_code, ''), lines.account_id)) as account_code,
        max(lines.account_name) as account_name,
        max(lines.account_type) as account_type,
        'unmapped' as account_class,
        cast(null as varchar) as system_account
    from lines
    left join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.account_id is null
    group by lines.connection_id, lines.account_id

),

charted as (

    select
        connection_id,
        account_id,
        account_code,
        account_name,
        account_type,
        coalesce(account_class, 'unmapped') as account_class,
        system_account
    from accounts

),

every_account as (

    select * from charted
    union all
    select * from only_in_journals

),

final as (

    select
        entities.entity_id,
        every_account.connection_id,
        every_account.account_id,
        every_account.account_code,
        every_account.account_name,
        every_account.account_type,
        every_account.account_class,
        every_account.system_account,
        every_account.account_class in ('revenue', 'expense') as is_profit_and_loss,
        case when every_account.account_class in ('asset', 'expense', 'unmapped') then 1 else -1 end as natural_sign
    from every_account
    inner join entities on every_account.connection_id = entities.connection_id

)

select * from final
