with

source as (

    {{ completed_loads('netsuite', 'department') }}

),

renamed as (

    select
        connection_id,
        id as department_id,
        name as department_name
    from source

)

select * from renamed
