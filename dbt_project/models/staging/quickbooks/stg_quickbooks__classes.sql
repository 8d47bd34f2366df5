with

source as (

    {{ completed_loads('quickbooks', 'classes') }}

),

renamed as (

    select
        connection_id,
        id as class_id,
        name as class_name,
        parent_id as parent_class_id
    from source

)

select * from renamed
