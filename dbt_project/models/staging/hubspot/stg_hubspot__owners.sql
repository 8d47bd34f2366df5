with

source as (

    {{ completed_loads('hubspot', 'owners') }}

),

renamed as (

    select
        connection_id,
        id as owner_id,
        nullif(trim(concat_ws(' ', first_name, last_name)), '') as owner_name,
        lower(email) as email,
        archived as is_archived
    from source

)

select * from renamed
