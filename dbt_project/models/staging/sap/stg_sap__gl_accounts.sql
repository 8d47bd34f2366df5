with

source as (

    {{ completed_loads('sap', 'gl_accounts') }}

),

renamed as (

    select
        connection_id,
        chart_of_accounts || '|' || gl_account as account_id,
        chart_of_accounts,
        gl_account as account_code,
        coalesce(is_balance_sheet_account, false) as is_balance_sheet,
        gl_account_type as account_type,
        gl_account_group as account_group,
        not coalesce(account_is_marked_for_deletion, false) and not coalesce(account_is_blocked_for_posting, false) as is_active
    from source

)

select * from renamed
