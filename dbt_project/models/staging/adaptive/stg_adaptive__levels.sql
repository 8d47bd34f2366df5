with

source as (

    {{ completed_loads('adaptive', 'levels') }}

),

renamed as (

    select
        connection_id,
        id as level_id,
        parent_id as parent_level_id,
        company_level_id,
        depth,
        code as level_code,
        name as level_name,
        coalesce(display_name, name) as display_name,
        currency,
        coalesce(is_elimination, false) as is_elimination
    from source

)

select * from renamed
