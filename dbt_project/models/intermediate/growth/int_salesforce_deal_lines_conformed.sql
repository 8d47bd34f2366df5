with

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

lines as (

    select * from {{ ref('stg_salesforce__opportunity_line_items') }}

),

products as (

    select * from {{ ref('stg_salesforce__products') }}

),

final as (

    select
        lines.connection_id,
        lines.opportunity_id as deal_id,
        lines.line_id,
        coalesce(products.product_name, lines.line_name) as product_name,
        coalesce(lines.product_sku, products.product_sku) as product_sku,
        lines.quantity,
        lines.unit_price_txn,
        lines.discount_pct,
        lines.amount_txn,
        lines.term_months
    from lines
    inner join opportunities on lines.connection_id = opportunities.connection_id and lines.opportunity_id = opportunities.opportunity_id
    left join products on lines.connection_id = products.connection_id and lines.product_id = products.product_id

)

select * from final
