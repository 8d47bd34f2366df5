with

campaigns as (

    select * from {{ ref('stg_salesforce__campaigns') }}

),

final as (

    select
        connection_id,
        campaign_id,
        org_unit_ref,
        campaign_name,
        campaign_utm,
        campaign_type as channel_native,
        start_date,
        end_date,
        currency_txn,
        budget_txn
    from campaigns

)

select * from final
