with

source as (

    {{ completed_loads('hubspot', 'campaign_revenue') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        lower(attribution_model) as attribution_model,
        deals_number as deal_count,
        contacts_number as contact_count,
        cast(deal_amount as decimal(20, 4)) as deal_amount,
        cast(revenue_amount as decimal(20, 4)) as revenue_amount,
        currency_code as currency
    from source

)

select * from renamed
