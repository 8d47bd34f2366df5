with

parts as (

    {{ completed_loads('hubspot', 'campaign_assets') }}

),

campaigns as (

    {{ completed_loads('hubspot', 'campaigns') }}

),

-- A campaign and its assets travel in one load: what is older than the campaign no longer belongs to it.
current_parts as (

    select parts.*
    from parts
    inner join campaigns
        on
            parts.connection_id = campaigns.connection_id
            and parts.campaign_id = campaigns.id
            and parts._dlt_load_id = campaigns._dlt_load_id

),

renamed as (

    select
        connection_id,
        campaign_id,
        lower(asset_type) as asset_type,
        id as asset_id,
        name as asset_name
    from current_parts

)

select * from renamed
