with

there as (

    {{ rows_still_there('ledgers', 'source.ledger_id') }}

),

renamed as (

    select
        connection_id,
        ledger_id,
        name as ledger_name,
        currency as currency_func,
        country as country_code,
        fiscal_year_end_month,
        fiscal_year_end_day
    from there

)

select * from renamed
