with

source as (

    {{ completed_loads('mailchimp', 'report_click_details') }}

),

renamed as (

    select
        connection_id,
        campaign_id as mailing_id,
        id as link_id,
        url,
        total_clicks as clicks_count,
        unique_clicks as clicked_count,
        last_click as last_clicked_at
    from source

)

select * from renamed
