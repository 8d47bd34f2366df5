with

source as (

    {{ completed_loads('oracle_fusion', 'chart_segments') }}

),

renamed as (

    select
        connection_id,
        position as segment_position,
        role as segment_role,
        value_set_code,
        delimiter as segment_delimiter
    from source

)

select * from renamed
