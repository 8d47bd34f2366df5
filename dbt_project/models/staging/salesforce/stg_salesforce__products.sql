with

source as (

    {{ completed_loads('salesforce', 'products') }}

),

renamed as (

    select
        connection_id,
        id as product_id,
        name as product_name,
        product_code as product_sku,
        stock_keeping_unit,
        description,
        family as product_family,
        coalesce(is_active, false) as is_active
    from source

)

select * from renamed
