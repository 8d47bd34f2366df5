with

source as (

    {{ completed_loads('netsuite', 'classification') }}

),

renamed as (

    select
        connection_id,
        id as class_id,
        name as class_name
    from source

)

select * from renamed
