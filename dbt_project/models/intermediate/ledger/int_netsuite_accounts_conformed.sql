with

accounts as (

    select * from {{ ref('stg_netsuite__account') }}

),

typed as (

    select
        *,
        case account_type
            when 'Bank' then 'bank'
            when 'AcctRec' then 'receivable'
            when 'UnbilledRec' then 'current_asset'
            when 'OthCurrAsset' then 'current_asset'
            when 'DeferExpense' then 'prepayment'
            when 'FixedAsset' then 'fixed_asset'
            when 'OthAsset' then 'other_asset'
            when 'AcctPay' then 'payable'
            when 'CredCard' then 'credit_card'
            when 'OthCurrLiab' then 'current_liability'
            when 'DeferRevenue' then 'deferred_revenue'
            when 'LongTermLiab' then 'term_liability'
            when 'Equity' then 'equity'
            when 'Income' then 'revenue'
            when 'OthIncome' then 'other_income'
            when 'COGS' then 'direct_cost'
            when 'Expense' then 'expense'
            when 'OthExpense' then 'other_expense'
            else 'unknown'
        end as conformed_type
    from accounts

),

final as (

    select
        connection_id,
        account_id,
        account_code,
        account_name,
        case
            when
                conformed_type in ('bank', 'receivable', 'current_asset', 'prepayment', 'fixed_asset', 'other_asset')
                then 'asset'
            when
                conformed_type in ('payable', 'credit_card', 'current_liability', 'deferred_revenue', 'term_liability')
                then 'liability'
            when conformed_type = 'equity' then 'equity'
            when conformed_type in ('revenue', 'other_income') then 'revenue'
            when conformed_type in ('direct_cost', 'expense', 'other_expense') then 'expense'
            else 'unmapped'
        end as account_class,
        conformed_type as account_type,
        account_type as native_type,
        case when conformed_type in ('receivable', 'payable', 'bank') then conformed_type end as system_role,
        not is_inactive as is_active
    from typed

)

select * from final
