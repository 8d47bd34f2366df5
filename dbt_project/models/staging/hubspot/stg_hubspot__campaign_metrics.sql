with

source as (

    {{ completed_loads('hubspot', 'campaign_metrics') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        sessions as session_count,
        influenced_contacts as influenced_contact_count,
        new_contacts_first_touch as first_touch_contact_count,
        new_contacts_last_touch as last_touch_contact_count
    from source

)

select * from renamed
