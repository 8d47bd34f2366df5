with

source as (

    {{ completed_loads('hubspot', 'line_items') }}

),

renamed as (

    select
        connection_id,
        id as line_item_id,
        name as product_name,
        hs_product_id as product_id,
        hs_sku as product_sku,
        quantity,
        cast(price as decimal(20, 4)) as unit_price_txn,
        cast(amount as decimal(20, 4)) as amount_txn,
        hs_discount_percentage as discount_pct,
        hs_recurring_billing_period as billing_period,
        archived as is_archived
    from source

)

select * from renamed
