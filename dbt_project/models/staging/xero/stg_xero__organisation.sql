with

source as (

    {{ completed_loads('xero', 'organisation') }}

),

renamed as (

    select
        connection_id,
        organisation_id,
        name as organisation_name,
        base_currency,
        country_code,
        financial_year_end_month,
        financial_year_end_day,
        period_lock_date,
        end_of_year_lock_date
    from source

)

select * from renamed
