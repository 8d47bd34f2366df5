with

source as (

    {{ completed_loads('salesforce', 'opportunity_history') }}

),

renamed as (

    select
        connection_id,
        id as state_id,
        opportunity_id,
        created_by_id,
        created_date as began_at,
        stage_name,
        {{ money('amount') }} as amount_txn,
        {{ money('prev_amount') }} as previous_amount_txn,
        currency_iso_code as currency_txn,
        cast(probability / 100 as decimal(9, 6)) as probability,
        forecast_category,
        close_date,
        prev_close_date as previous_close_date
    from source

)

select * from renamed
