with

source as (

    {{ completed_loads('pipedrive', 'pipelines') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as pipeline_id,
        name as pipeline_name,
        order_nr as display_order,
        is_deal_probability_enabled,
        is_deleted
    from source

)

select * from renamed
