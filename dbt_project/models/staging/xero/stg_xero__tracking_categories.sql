with

source as (

    {{ completed_loads('xero', 'tracking_categories') }}

),

renamed as (

    select
        connection_id,
        tracking_category_id,
        lower(name) as category_name
    from source

)

select * from renamed
