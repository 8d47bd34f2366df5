with

source as (

    {{ completed_loads('quickbooks', 'departments') }}

),

renamed as (

    select
        connection_id,
        id as department_id,
        name as department_name
    from source

)

select * from renamed
