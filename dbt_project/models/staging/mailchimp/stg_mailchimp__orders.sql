with

source as (

    {{ completed_loads('mailchimp', 'orders') }}

),

renamed as (

    select
        connection_id,
        store_id,
        id as order_id,
        campaign_id as mailing_id,
        customer_id,
        lower(customer_email) as email,
        customer_company as company_name,
        financial_status,
        currency_code as currency,
        {{ money('order_total') }} as total_txn,
        {{ money('tax_total') }} as tax_txn,
        {{ money('discount_total') }} as discount_txn,
        {{ money('shipping_total') }} as shipping_txn,
        landing_site,
        processed_at_foreign as ordered_at,
        cancelled_at_foreign as cancelled_at,
        updated_at_foreign as updated_at
    from source

)

select * from renamed
