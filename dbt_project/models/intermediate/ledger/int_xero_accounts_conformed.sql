with

accounts as (

    select * from {{ ref('stg_xero__accounts') }}

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
        max(lines.account_type) as native_type,
        'unmapped' as account_class,
        cast(null as varchar) as native_role,
        true as is_active
    from lines
    left join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.account_id is null
    group by lines.connection_id, lines.account_id

),

every_account as (

    select
        connection_id,
        account_id,
        account_code,
        account_name,
        account_type as native_type,
        coalesce(account_class, 'unmapped') as account_class,
        system_account as native_role,
        coalesce(status, 'active') = 'active' as is_active
    from accounts
    union all
    select
        connection_id,
        account_id,
        account_code,
        account_name,
        native_type,
        account_class,
        native_role,
        is_active
    from only_in_journals

),

final as (

    select
        connection_id,
        account_id,
        account_code,
        account_name,
        account_class,
        case
            when native_role = 'debtors' then 'receivable'
            when native_role = 'creditors' then 'payable'
            when native_role = 'retainedearnings' then 'retained_earnings'
            when native_role in ('gst', 'gstonimports') then 'tax'
            when native_role in ('realisedcurrencygain', 'unrealisedcurrencygain', 'bankcurrencygain') then 'fx_gain_loss'
            when native_type = 'bank' then 'bank'
            when native_type = 'prepayment' then 'prepayment'
            when native_type in ('current', 'inventory') then 'current_asset'
            when native_type in ('fixed', 'noncurrent') then 'fixed_asset'
            when native_type in ('currliab', 'liability', 'payg') then 'current_liability'
            when native_type = 'termliab' then 'term_liability'
            when native_type = 'equity' then 'equity'
            when native_type in ('revenue', 'sales') then 'revenue'
            when native_type = 'otherincome' then 'other_income'
            when native_type = 'directcosts' then 'direct_cost'
            when native_type = 'depreciatn' then 'depreciation'
            when native_type in ('expense', 'overheads') then 'expense'
            else 'unknown'
        end as account_type,
        native_type,
        case
            when native_role = 'debtors' then 'receivable'
            when native_role = 'creditors' then 'payable'
            when native_role = 'retainedearnings' then 'retained_earnings'
            when native_role in ('gst', 'gstonimports') then 'sales_tax'
            when native_type = 'bank' then 'bank'
        end as system_role,
        is_active
    from every_account

)

select * from final
