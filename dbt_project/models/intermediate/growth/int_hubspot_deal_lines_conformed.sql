with

lines as (

    select * from {{ ref('stg_hubspot__line_items') }}
    where not is_archived

),

ties as (

    select * from {{ ref('int_hubspot_ties_settled') }}
    where from_type = 'deals' and to_type = 'line_items'

),

final as (

    select
        lines.connection_id,
        ties.from_id as deal_id,
        lines.line_item_id as line_id,
        lines.product_name,
        lines.product_sku,
        lines.quantity,
        lines.unit_price_txn,
        lines.discount_pct,
        lines.amount_txn,
        cast(null as integer) as term_months
    from lines
    inner join ties on lines.connection_id = ties.connection_id and lines.line_item_id = ties.to_id

)

select * from final
