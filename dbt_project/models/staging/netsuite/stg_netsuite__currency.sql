with

source as (

    {{ completed_loads('netsuite', 'currency') }}

),

renamed as (

    select
        connection_id,
        id as currency_id,
        upper(symbol) as currency_code,
        coalesce(isbasecurrency, false) as is_base_currency
    from source

)

select * from renamed
