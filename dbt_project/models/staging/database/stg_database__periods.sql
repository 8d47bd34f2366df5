with

there as (

    {{ rows_still_there('periods', 'source.period_id') }}

),

renamed as (

    select
        connection_id,
        period_id,
        ledger_id,
        fiscal_year,
        period_number,
        start_date,
        end_date,
        coalesce(is_closed, false) as is_closed,
        coalesce(is_adjustment, false) as is_adjustment
    from there

)

select * from renamed
