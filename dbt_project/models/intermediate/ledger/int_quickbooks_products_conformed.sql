with

items as (

    select * from {{ ref('stg_quickbooks__items') }}

),

final as (

    select
        connection_id,
        item_id as product_ref,
        cast(null as varchar) as product_code,
        item_name as product_name
    from items

)

select * from final
