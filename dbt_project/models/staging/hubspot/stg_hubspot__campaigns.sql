with

source as (

    {{ completed_loads('hubspot', 'campaigns') }}

),

renamed as (

    select
        connection_id,
        id as campaign_id,
        hs_name as campaign_name,
        lower(hs_utm) as campaign_utm,
        cast(hs_start_date as date) as start_date,
        cast(hs_end_date as date) as end_date,
        hs_campaign_status as campaign_status,
        hs_currency_code as currency,
        updated_at
    from source

)

select * from renamed
