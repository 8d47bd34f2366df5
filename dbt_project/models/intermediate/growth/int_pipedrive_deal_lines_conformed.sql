with

lines as (

    select lines.*
    from {{ ref('stg_pipedrive__deal_products') }} as lines
    semi join {{ ref('stg_pipedrive__deals') }} as deals on lines.connection_id = deals.connection_id and lines.deal_id = deals.deal_id
    where lines.is_enabled

),

products as (

    select * from {{ ref('stg_pipedrive__products') }}

),

final as (

    select
        lines.connection_id,
        lines.deal_id,
        lines.line_id,
        coalesce(lines.product_name, products.product_name) as product_name,
        products.product_sku,
        lines.quantity,
        lines.unit_price_txn,
        lines.discount_pct,
        lines.amount_txn,
        lines.term_months
    from lines
    left join products on lines.connection_id = products.connection_id and lines.product_id = products.product_id

)

select * from final
