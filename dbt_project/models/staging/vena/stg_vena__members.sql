with

source as (

    {{ completed_loads('vena', 'members') }}

),

renamed as (

    select
        connection_id,
        dimension,
        coordinate,
        name as member_name,
        nullif(alias, '') as member_alias,
        nullif(parent, '') as parent_name,
        operator
    from source

)

select * from renamed
