with

source as (

    {{ completed_loads('netsuite', 'currencyrate') }}

),

renamed as (

    select
        connection_id,
        basecurrency as base_currency_id,
        transactioncurrency as currency_id,
        effectivedate as rate_date,
        exchangerate as base_per_unit
    from source

)

select * from renamed
