with

source as (

    {{ completed_loads('oracle_fusion', 'ledgers') }}

),

renamed as (

    select
        connection_id,
        cast(ledger_id as varchar) as ledger_id,
        coalesce(ledger_name, name) as ledger_name,
        currency_code,
        coalesce(accounting_calendar, period_set_name) as calendar,
        accounted_period_type as period_type,
        upper(coalesce(ledger_category_code, 'PRIMARY')) as ledger_category
    from source

)

select * from renamed
