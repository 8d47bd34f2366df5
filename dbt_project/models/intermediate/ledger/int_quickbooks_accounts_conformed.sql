with

accounts as (

    select * from {{ ref('stg_quickbooks__accounts') }}

),

-- The sub-type is the finer word, where it says more than the type.
typed as (

    select
        *,
        case
            when account_sub_type = 'UndepositedFunds' then 'bank'
            when account_sub_type = 'PrepaidExpenses' then 'prepayment'
            when account_sub_type = 'Inventory' then 'inventory'
            when
                account_sub_type in (
                    'IntangibleAssets', 'Goodwill', 'Licenses', 'OrganizationalCosts', 'AccumulatedAmortizationOfOtherAssets'
                )
                then 'intangible_asset'
            when
                account_sub_type in (
                    'SalesTaxPayable', 'GlobalTaxPayable', 'GlobalTaxSuspense', 'FederalIncomeTaxPayable', 'StateLocalIncomeTaxPayable'
                )
                then 'tax'
            when account_sub_type = 'DeferredRevenue' then 'deferred_revenue'
            when
                account_sub_type in ('PayrollTaxPayable', 'PayrollClearing', 'DirectDepositPayable', 'StatutoryDeductions')
                then 'payroll_liability'
            when account_sub_type = 'RetainedEarnings' then 'retained_earnings'
            when account_sub_type = 'ExchangeGainOrLoss' then 'fx_gain_loss'
            when account_sub_type in ('Depreciation', 'Amortization') then 'depreciation'
            when account_type = 'Bank' then 'bank'
            when account_type = 'Accounts Receivable' then 'receivable'
            when account_type = 'Other Current Asset' then 'current_asset'
            when account_type = 'Fixed Asset' then 'fixed_asset'
            when account_type = 'Other Asset' then 'other_asset'
            when account_type = 'Accounts Payable' then 'payable'
            when account_type = 'Credit Card' then 'credit_card'
            when account_type = 'Other Current Liability' then 'current_liability'
            when account_type = 'Long Term Liability' then 'term_liability'
            when account_type = 'Equity' then 'equity'
            when account_type = 'Income' then 'revenue'
            when account_type = 'Other Income' then 'other_income'
            when account_type = 'Cost of Goods Sold' then 'direct_cost'
            when account_type = 'Expense' then 'expense'
            when account_type = 'Other Expense' then 'other_expense'
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
            when account_type in ('Bank', 'Accounts Receivable', 'Other Current Asset', 'Fixed Asset', 'Other Asset') then 'asset'
            when
                account_type in ('Accounts Payable', 'Credit Card', 'Other Current Liability', 'Long Term Liability')
                then 'liability'
            when account_type = 'Equity' then 'equity'
            when account_type in ('Income', 'Other Income') then 'revenue'
            when account_type in ('Cost of Goods Sold', 'Expense', 'Other Expense') then 'expense'
            when account_class in ('Asset', 'Liability', 'Equity', 'Revenue', 'Expense') then lower(account_class)
            else 'unmapped'
        end as account_class,
        conformed_type as account_type,
        account_type as native_type,
        case
            when conformed_type in ('receivable', 'payable', 'bank', 'retained_earnings') then conformed_type
            when conformed_type = 'tax' and account_sub_type like '%TaxPayable' and account_sub_type not like '%Income%' then 'sales_tax'
        end as system_role,
        is_active
    from typed

)

select * from final
