with

source as (

    {{ completed_loads('marketo', 'channels') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as channel_id,
        name as channel_name,
        applicable_program_type as program_type
    from source

)

select * from renamed
