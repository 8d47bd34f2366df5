with

source as (

    {{ completed_loads('salesforce', 'opportunity_line_items') }}

),

renamed as (

    select
        connection_id,
        id as line_id,
        opportunity_id,
        pricebook_entry_id,
        product2_id as product_id,
        product_code as product_sku,
        name as line_name,
        cast(quantity as decimal(20, 4)) as quantity,
        {{ money('unit_price') }} as unit_price_txn,
        {{ money('list_price') }} as list_price_txn,
        cast(discount as decimal(9, 4)) as discount_pct,
        {{ money('total_price') }} as amount_txn,
        currency_iso_code as currency_txn,
        cast(term_months as integer) as term_months,
        service_date,
        created_date as created_at
    from source

)

select * from renamed
