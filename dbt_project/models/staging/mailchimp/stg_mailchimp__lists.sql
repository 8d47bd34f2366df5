with

source as (

    {{ completed_loads('mailchimp', 'lists') }}

),

renamed as (

    select
        connection_id,
        id as list_id,
        name as list_name,
        date_created as created_at,
        member_count,
        total_contacts as contact_count,
        unsubscribe_count,
        cleaned_count,
        campaign_count,
        campaign_last_sent as last_sent_at
    from source

)

select * from renamed
