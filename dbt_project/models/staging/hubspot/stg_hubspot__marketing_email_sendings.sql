with

source as (

    {{ completed_loads('hubspot', 'marketing_email_sendings') }}

),

renamed as (

    select
        connection_id,
        email_id,
        email_campaign_id as sending_id
    from source

)

select * from renamed
