with

combinations as (

    select
        split.connection_id,
        split.account_id,
        arg_min(combinations.account_type, (not combinations.is_enabled, combinations.code_combination_id)) as account_type,
        arg_min(combinations.financial_category, (not combinations.is_enabled, combinations.code_combination_id)) as financial_category
    from {{ ref('stg_oracle_fusion__account_combinations') }} as combinations
    inner join {{ ref('int_oracle_fusion_combinations_split') }} as split
        on
            combinations.connection_id = split.connection_id
            and combinations.code_combination_id = split.combination_key
    group by split.connection_id, split.account_id

),

named_values as (

    select * from {{ ref('int_oracle_fusion_segment_values_named') }}
    where segment_role = 'account'

),

-- What documents use as control and bank accounts, for charts without categories.
named_by_documents as (

    select
        connection_id,
        combination_key,
        'payable' as account_role
    from {{ ref('stg_oracle_fusion__invoices') }}
    union all
    select
        connection_id,
        combination_key,
        'bank' as account_role
    from {{ ref('stg_oracle_fusion__payments') }}
    union all
    select
        connection_id,
        combination_key,
        'receivable' as account_role
    from {{ ref('stg_oracle_fusion__receivables_invoice_distributions') }}
    where is_receivable

),

roles as (

    select
        named.connection_id,
        split.account_id,
        named.account_role
    from named_by_documents as named
    inner join {{ ref('int_oracle_fusion_combinations_split') }} as split
        on named.connection_id = split.connection_id and named.combination_key = split.combination_key
    group by named.connection_id, split.account_id, named.account_role
    qualify
        row_number() over (partition by named.connection_id, split.account_id order by count(*) desc, named.account_role) = 1

),

-- Whatever a journal uses is an account, whether the chart holds it or not.
every_account as (

    select
        connection_id,
        account_id
    from {{ ref('int_oracle_fusion_combinations_split') }}
    where account_id is not null
    union
    select
        connection_id,
        segment_value as account_id
    from named_values

),

typed as (

    select
        every_account.connection_id,
        every_account.account_id,
        named_values.segment_value_name as account_name,
        coalesce(combinations.account_type, named_values.account_type) as native_class,
        combinations.financial_category,
        roles.account_role,
        coalesce(named_values.is_enabled, true) as is_active,
        case regexp_replace(upper(trim(combinations.financial_category)), '[^A-Z0-9]+', '_', 'g')
            when 'CASH' then 'bank'
            when 'BANK' then 'bank'
            when 'AR' then 'receivable'
            when 'ACCOUNTS_RECEIVABLE' then 'receivable'
            when 'RECEIVABLE' then 'receivable'
            when 'OTHER_CA' then 'current_asset'
            when 'CURRENT_ASSET' then 'current_asset'
            when 'PREPAID_EXP' then 'prepayment'
            when 'PREPAYMENT' then 'prepayment'
            when 'INVENTORY' then 'inventory'
            when 'PPE' then 'fixed_asset'
            when 'ACC_DEPCN' then 'fixed_asset'
            when 'FIXED_ASSET' then 'fixed_asset'
            when 'GOODWILL' then 'intangible_asset'
            when 'INTANGIBLE_ASSET' then 'intangible_asset'
            when 'OTHER_ASSET' then 'other_asset'
            when 'AP' then 'payable'
            when 'ACCOUNTS_PAYABLE' then 'payable'
            when 'PAYABLE' then 'payable'
            when 'CREDIT_CARD' then 'credit_card'
            when 'TAX_LIAB' then 'tax'
            when 'TAX' then 'tax'
            when 'DEFERRED_REVENUE' then 'deferred_revenue'
            when 'ACC_LIAB' then 'accrual'
            when 'ACCRUAL' then 'accrual'
            when 'PAYROLL_LIABILITY' then 'payroll_liability'
            when 'OTHER_CL' then 'current_liability'
            when 'CURRENT_LIABILITY' then 'current_liability'
            when 'LT_DEBT' then 'term_liability'
            when 'TERM_LIABILITY' then 'term_liability'
            when 'OTHER_LIAB' then 'other_liability'
            when 'OTHER_LIABILITY' then 'other_liability'
            when 'CMMN_STOCK' then 'equity'
            when 'PREF_STOCK' then 'equity'
            when 'OTHER_EQUITY' then 'equity'
            when 'EQUITY' then 'equity'
            when 'RET_EARNING' then 'retained_earnings'
            when 'RETAINED_EARNINGS' then 'retained_earnings'
            when 'REVENUE' then 'revenue'
            when 'OTHER_INC' then 'other_income'
            when 'OTHER_INCOME' then 'other_income'
            when 'COGS' then 'direct_cost'
            when 'DIRECT_COST' then 'direct_cost'
            when 'DEPCN' then 'depreciation'
            when 'DEPRECIATION' then 'depreciation'
            when 'FX_GAIN_LOSS' then 'fx_gain_loss'
            when 'INTEREST_EXP' then 'other_expense'
            when 'OTHER_EXPENSE' then 'other_expense'
            when 'INCOME_TAX' then 'income_tax'
            when 'OTHER_EXP' then 'expense'
            when 'MISC_EXP' then 'expense'
            when 'EXPENSE' then 'expense'
        end as category_type
    from every_account
    left join combinations
        on every_account.connection_id = combinations.connection_id and every_account.account_id = combinations.account_id
    left join named_values
        on every_account.connection_id = named_values.connection_id and every_account.account_id = named_values.segment_value
    left join roles on every_account.connection_id = roles.connection_id and every_account.account_id = roles.account_id

),

-- Where neither category nor documents say what a balance sheet account is, the mapping must.
conformed as (

    select
        *,
        coalesce(
            category_type,
            account_role,
            case native_class
                when 'O' then 'equity'
                when 'R' then 'revenue'
                when 'E' then 'expense'
                else 'unknown'
            end
        ) as conformed_type
    from typed

),

final as (

    select
        connection_id,
        account_id,
        account_id as account_code,
        coalesce(account_name, account_id) as account_name,
        case native_class
            when 'A' then 'asset'
            when 'L' then 'liability'
            when 'O' then 'equity'
            when 'R' then 'revenue'
            when 'E' then 'expense'
            else 'unmapped'
        end as account_class,
        conformed_type as account_type,
        coalesce(financial_category, native_class) as native_type,
        case
            when conformed_type in ('receivable', 'payable', 'bank', 'retained_earnings') then conformed_type
            when conformed_type = 'tax' then 'sales_tax'
        end as system_role,
        is_active
    from conformed

)

select * from final
