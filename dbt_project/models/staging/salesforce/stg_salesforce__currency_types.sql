with

source as (

    {{ completed_loads('salesforce', 'currency_types') }}

),

renamed as (

    select
        connection_id,
        id as currency_type_id,
        iso_code as currency,
        cast(conversion_rate as decimal(18, 9)) as units_per_corporate,
        decimal_places,
        coalesce(is_active, false) as is_active,
        coalesce(is_corporate, false) as is_corporate
    from source

)

select * from renamed
