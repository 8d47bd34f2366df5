-- Lines refer to some products by a code, which more than one may bear: it is told by the first of their names.
with

products as (

    select * from {{ ref('int_ledger_products_stacked') }}

),

final as (

    select
        connection_id,
        product_ref,
        min(product_code) as product_code,
        min(product_name) as product_name
    from products
    where product_ref is not null
    group by connection_id, product_ref

)

select * from final
