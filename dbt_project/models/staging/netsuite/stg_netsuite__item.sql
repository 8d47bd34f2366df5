with

source as (

    {{ completed_loads('netsuite', 'item') }}

),

renamed as (

    select
        connection_id,
        id as item_id,
        itemid as item_code,
        displayname as display_name,
        fullname as full_name
    from source

)

select * from renamed
