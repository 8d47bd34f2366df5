with

source as (

    {{ completed_loads('pipedrive', 'users') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as user_id,
        nullif(trim(name), '') as user_name,
        lower(trim(email)) as email,
        active_flag as is_active,
        created as created_at
    from source

)

select * from renamed
