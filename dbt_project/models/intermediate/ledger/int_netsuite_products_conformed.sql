with

items as (

    select * from {{ ref('stg_netsuite__item') }}

),

final as (

    select
        connection_id,
        item_id as product_ref,
        item_code as product_code,
        coalesce(display_name, full_name, item_code) as product_name
    from items

)

select * from final
