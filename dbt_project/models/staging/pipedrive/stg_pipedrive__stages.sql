with

source as (

    {{ completed_loads('pipedrive', 'stages') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as stage_id,
        cast(pipeline_id as varchar) as pipeline_id,
        name as stage_name,
        cast(deal_probability / 100 as decimal(9, 6)) as probability,
        order_nr as display_order,
        is_deleted
    from source

)

select * from renamed
