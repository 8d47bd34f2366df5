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
        financial_year_end_month,
        financial_year_end_day
    from source

)

select * from renamed
