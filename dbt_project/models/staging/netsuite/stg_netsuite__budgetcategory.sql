with

source as (

    {{ completed_loads('netsuite', 'budgetcategory') }}

),

renamed as (

    select
        connection_id,
        id as category_id,
        name as category_name
    from source

)

select * from renamed
