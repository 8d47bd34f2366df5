with

source as (

    {{ completed_loads('pipedrive', 'products') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as product_id,
        name as product_name,
        nullif(trim(code), '') as product_sku,
        billing_frequency,
        is_deleted
    from source

)

select * from renamed
