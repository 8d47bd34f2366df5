with

source as (

    {{ completed_loads('xero', 'tracking_options') }}

),

renamed as (

    select
        connection_id,
        tracking_option_id,
        tracking_category_id,
        name as option_name
    from source

)

select * from renamed
