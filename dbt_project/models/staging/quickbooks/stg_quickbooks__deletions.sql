with

source as (

    {{ completed_loads('quickbooks', 'deletions') }}

),

renamed as (

    select
        connection_id,
        entity,
        id as object_id,
        deleted_at
    from source

)

select * from renamed
