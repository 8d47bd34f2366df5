with

source as (

    {{ completed_loads('oracle_fusion', 'period_statuses') }}

),

renamed as (

    select
        connection_id,
        cast(ledger_id as varchar) as ledger_id,
        application_id,
        period as period_name,
        upper(closing_status) as closing_status,
        period_number,
        start_date,
        end_date,
        adjustment_period_flag as is_adjustment
    from source

)

select * from renamed
