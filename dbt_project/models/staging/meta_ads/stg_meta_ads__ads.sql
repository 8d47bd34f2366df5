with

source as (

    {{ completed_loads('meta_ads', 'ads') }}

),

renamed as (

    select
        connection_id,
        account_id,
        ad_id,
        campaign_id,
        ad_group_id,
        {{ utm_of('url_tags', 'campaign') }} as campaign_utm
    from source

)

select * from renamed
