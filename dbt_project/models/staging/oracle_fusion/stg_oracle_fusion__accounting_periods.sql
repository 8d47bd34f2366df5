with

source as (

    {{ completed_loads('oracle_fusion', 'accounting_periods') }}

),

renamed as (

    select
        connection_id,
        calendar,
        period as period_name,
        period_type,
        period_number,
        start_date,
        end_date,
        coalesce(adjustment_period_flag, false) as is_adjustment
    from source

)

select * from renamed
