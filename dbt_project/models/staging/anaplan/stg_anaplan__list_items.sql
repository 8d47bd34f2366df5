with

source as (

    {{ completed_loads('anaplan', 'list_items') }}

),

readable as (

    select
        * exclude (properties),
        case when json_valid(properties) then properties end as properties
    from source

),

renamed as (

    select
        connection_id,
        in_list_id as list_id,
        in_list_name as list_name,
        dimension,
        id as item_id,
        name as item_name,
        nullif(code, '') as item_code,
        parent_id as parent_item_id,
        json_extract_string(properties, '$."Currency"') as currency,
        lower(json_extract_string(properties, '$."Email"')) as email
    from readable

)

select * from renamed
