with

items as (

    select * from {{ ref('stg_xero__items') }}

),

final as (

    select
        connection_id,
        item_code as product_ref,
        item_code as product_code,
        coalesce(item_name, item_code) as product_name
    from items

)

select * from final
