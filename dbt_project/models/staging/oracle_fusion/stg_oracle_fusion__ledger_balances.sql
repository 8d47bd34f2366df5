with

source as (

    {{ completed_loads('oracle_fusion', 'ledger_balances') }}

),

renamed as (

    select
        connection_id,
        ledger_name,
        coalesce(period_name, current_accounting_period) as period_name,
        balance_currency,
        combination as combination_key,
        scenario,
        currency_type,
        period_activity as amount
    from source

)

select * from renamed
