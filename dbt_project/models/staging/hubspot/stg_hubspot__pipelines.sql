with

source as (

    {{ completed_loads('hubspot', 'pipelines') }}

),

renamed as (

    select
        connection_id,
        id as pipeline_id,
        label as pipeline_name,
        display_order,
        archived as is_archived
    from source

)

select * from renamed
