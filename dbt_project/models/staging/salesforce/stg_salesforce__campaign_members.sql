with

source as (

    {{ completed_loads('salesforce', 'campaign_members') }}

),

renamed as (

    select
        connection_id,
        id as campaign_member_id,
        campaign_id,
        lead_id,
        contact_id,
        status,
        coalesce(has_responded, false) as has_responded,
        first_responded_date,
        created_date as created_at,
        system_modstamp as updated_at
    from source

)

select * from renamed
