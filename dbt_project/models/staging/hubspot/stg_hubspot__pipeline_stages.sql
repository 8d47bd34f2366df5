with

source as (

    {{ completed_loads('hubspot', 'pipeline_stages') }}

),

renamed as (

    select
        connection_id,
        pipeline_id,
        id as stage_id,
        label as stage_name,
        cast(probability as decimal(9, 6)) as probability,
        is_closed,
        display_order,
        archived as is_archived
    from source

)

select * from renamed
