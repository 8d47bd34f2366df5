-- HubSpot dates a spend item by when it was entered: the morning after the first day that it covers.
with

items as (

    select * from {{ ref('stg_hubspot__campaign_spend_items') }}

),

campaigns as (

    select * from {{ ref('stg_hubspot__campaigns') }}

),

final as (

    select
        items.connection_id,
        items.campaign_id,
        campaigns.campaign_name,
        cast(null as varchar) as org_unit_ref,
        cast(items.created_at - interval 1 day as date) as spend_date,
        campaigns.currency as currency_txn,
        {{ money('items.spend_amount') }} as amount_txn,
        cast(null as bigint) as impressions,
        cast(null as bigint) as clicks,
        cast(null as bigint) as conversions
    from items
    inner join campaigns on items.connection_id = campaigns.connection_id and items.campaign_id = campaigns.campaign_id

)

select * from final
