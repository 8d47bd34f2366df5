with

source as (

    {{ completed_loads('mailchimp', 'order_lines') }}

),

renamed as (

    select
        connection_id,
        store_id,
        order_id,
        id as line_id,
        product_id,
        product_title as product_name,
        cast(quantity as decimal(20, 4)) as quantity,
        {{ money('price') }} as unit_price_txn,
        {{ money('discount') }} as discount_txn
    from source

)

select * from renamed
