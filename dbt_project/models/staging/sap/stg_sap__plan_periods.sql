with

source as (

    {{ completed_loads('sap', 'plan_periods') }}

),

renamed as (

    select
        connection_id,
        planning_category,
        company_code,
        ledger_fiscal_year as fiscal_year,
        fiscal_period,
        entries
    from source

)

select * from renamed
