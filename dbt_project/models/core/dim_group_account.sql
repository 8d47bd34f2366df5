with

chart as (

    select * from {{ ref('group_accounts') }}

),

final as (

    select
        group_account_code,
        group_account_name,
        account_class,
        statement_section,
        cash_flow_category,
        cash_flow_line,
        direct_cash_flow_line,
        fx_rate_type,
        eliminated_by,
        is_payroll,
        statement_order
    from chart
    union all
    -- Visible in every statement, so that totals tie until a rule is added.
    select
        'unmapped' as group_account_code,
        'Not mapped to the group chart' as group_account_name,
        'unmapped' as account_class,
        'unmapped' as statement_section,
        'unmapped' as cash_flow_category,
        'unmapped' as cash_flow_line,
        'unmapped' as direct_cash_flow_line,
        'closing' as fx_rate_type,
        'nothing' as eliminated_by,
        false as is_payroll,
        9999 as statement_order

)

select * from final
