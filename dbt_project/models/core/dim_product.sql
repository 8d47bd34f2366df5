-- One row a reference: a code that was used again is that of the product which bears it now.
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
