with

source as (

    {{ completed_loads('salesforce', 'dated_conversion_rates') }}

),

renamed as (

    select
        connection_id,
        id as dated_conversion_rate_id,
        iso_code as currency,
        start_date,
        next_start_date,
        cast(conversion_rate as decimal(18, 9)) as units_per_corporate
    from source

)

select * from renamed
