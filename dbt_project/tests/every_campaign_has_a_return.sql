-- Every campaign with any cost or touch has a row with a status.
with

known as (

    select campaign_id from {{ ref('fct_campaign_cost') }}
    union
    select campaign_id from {{ ref('fct_touchpoint') }} where campaign_id is not null

)

select known.campaign_id
from known
left join {{ ref('campaign_roi') }} as returns on known.campaign_id = returns.campaign_id
where returns.roi_status is null
