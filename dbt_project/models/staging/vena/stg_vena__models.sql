with

source as (

    {{ completed_loads('vena', 'models') }}

),

renamed as (

    select
        connection_id,
        id as model_id,
        name as model_name
    from source

)

select * from renamed
