with

campaigns as (

    select * from {{ ref('stg_salesforce__campaigns') }}

),

final as (

    select
        connection_id,
        campaign_id,
        campaign_name,
        org_unit_ref,
        cast(null as date) as spend_date,
        currency_txn,
        spend_txn as amount_txn,
        cast(null as bigint) as impressions,
        cast(null as bigint) as clicks,
        cast(null as bigint) as conversions
    from campaigns
    where spend_txn is not null

)

select * from final
