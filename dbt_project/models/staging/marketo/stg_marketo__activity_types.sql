with

source as (

    {{ completed_loads('marketo', 'activity_types') }}

),

renamed as (

    select
        connection_id,
        id as activity_type_id,
        name as activity_type_name
    from source

)

select * from renamed
