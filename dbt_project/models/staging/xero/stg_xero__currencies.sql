with

source as (

    {{ completed_loads('xero', 'currencies') }}

),

renamed as (

    select
        connection_id,
        code as currency_code,
        description as currency_name
    from source

)

select * from renamed
