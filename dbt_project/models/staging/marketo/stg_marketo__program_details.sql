with

source as (

    {{ completed_loads('marketo', 'program_details') }}

),

renamed as (

    select
        connection_id,
        cast(program_id as varchar) as program_id,
        costs as cost_count,
        _dlt_load_id
    from source

)

select * from renamed
