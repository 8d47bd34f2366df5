with

source as (

    {{ completed_loads('sap', 'plan_entries') }}

),

renamed as (

    select
        connection_id,
        position,
        planning_category,
        company_code,
        ledger_fiscal_year as fiscal_year,
        fiscal_period,
        cast(fiscal_period as integer) as period_number,
        chart_of_accounts || '|' || gl_account as account_id,
        controlling_area,
        cost_center,
        company_code_currency as currency_func,
        amount_in_company_code_currency as amount_func,
        _page_id
    from source

)

select * from renamed
