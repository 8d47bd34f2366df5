with

campaigns as (

    select * from {{ ref('stg_hubspot__campaigns') }}

),

totals as (

    select * from {{ ref('stg_hubspot__campaign_totals') }}

),

final as (

    select
        campaigns.connection_id,
        campaigns.campaign_id,
        cast(null as varchar) as org_unit_ref,
        campaigns.campaign_name,
        campaigns.campaign_utm,
        cast(null as varchar) as channel_native,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.currency as currency_txn,
        totals.budget_amount as budget_txn
    from campaigns
    left join totals on campaigns.connection_id = totals.connection_id and campaigns.campaign_id = totals.campaign_id

)

select * from final
