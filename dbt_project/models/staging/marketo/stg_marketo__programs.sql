with

source as (

    {{ completed_loads('marketo', 'programs') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as program_id,
        name as program_name,
        type as program_type,
        channel as channel_name,
        status as program_status,
        workspace as workspace_name,
        cast(start_date as date) as start_date,
        cast(end_date as date) as end_date,
        nullif(sfdc_id, '') as sfdc_campaign_id,
        created_at,
        updated_at
    from source

)

select * from renamed
