with

source as (

    {{ completed_loads('pipedrive', 'currencies') }}

),

renamed as (

    select
        connection_id,
        code as currency,
        name as currency_name,
        decimal_points,
        active_flag as is_active
    from source

)

select * from renamed
