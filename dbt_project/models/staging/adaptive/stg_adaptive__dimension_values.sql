with

source as (

    {{ completed_loads('adaptive', 'dimension_values') }}

),

readable as (

    select
        * exclude (attributes),
        case when json_valid(attributes) then attributes end as attributes
    from source

),

renamed as (

    select
        connection_id,
        dimension_id,
        dimension_name,
        "column" as dimension,
        id as value_id,
        parent_id as parent_value_id,
        code as value_code,
        name as value_name,
        lower(json_extract_string(attributes, '$."Email"')) as email
    from readable

)

select * from renamed
