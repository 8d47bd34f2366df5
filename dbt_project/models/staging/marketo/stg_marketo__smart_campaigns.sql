with

source as (

    {{ completed_loads('marketo', 'smart_campaigns') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as smart_campaign_id,
        name as smart_campaign_name,
        cast(program_id as varchar) as program_id,
        workspace_name,
        active as is_active
    from source

)

select * from renamed
