with

source as (

    {{ completed_loads('pipedrive', 'deal_products') }}

),

renamed as (

    select
        connection_id,
        cast(deal_id as varchar) as deal_id,
        line_key as line_id,
        cast(product_id as varchar) as product_id,
        name as product_name,
        quantity,
        {{ money('item_price') }} as unit_price_txn,
        {{ money('sum') }} as amount_txn,
        currency as currency_txn,
        -- A discount is in per cent, or an amount for the whole line.
        case
            when discount_type = 'amount'
                then cast(
                    100 * cast(discount as decimal(18, 4))
                    / nullif(cast(item_price as decimal(18, 4)) * cast(quantity as decimal(18, 4)), 0) as decimal(9, 4)
                )
            else cast(discount as decimal(9, 4))
        end as discount_pct,
        cast(
            billing_frequency_cycles * case billing_frequency
                when 'monthly' then 1 when 'quarterly' then 3 when 'semi-annually' then 6 when 'annually' then 12
            end as integer
        ) as term_months,
        billing_frequency,
        is_enabled
    from source

)

select * from renamed
