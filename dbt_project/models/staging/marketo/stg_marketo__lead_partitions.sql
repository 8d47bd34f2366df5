with

source as (

    {{ completed_loads('marketo', 'lead_partitions') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as partition_id,
        name as partition_name
    from source

)

select * from renamed
