with

source as (

    {{ completed_loads('pipedrive', 'persons') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as person_id,
        cast(org_id as varchar) as organization_id,
        cast(owner_id as varchar) as owner_id,
        nullif(trim(coalesce(first_name, name)), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        lower(trim(email)) as email,
        phone,
        job_title,
        -- People qualify on a day: on the day that they were added or qualified before, not earlier in it.
        case when cast(mql_at as date) = cast(add_time as date) then greatest(mql_at, add_time) else mql_at end as mql_at,
        case
            when cast(sql_at as date) in (cast(mql_at as date), cast(add_time as date))
                then greatest(
                    sql_at,
                    case when cast(sql_at as date) = cast(mql_at as date) then mql_at end,
                    case when cast(sql_at as date) = cast(add_time as date) then add_time end
                )
            else sql_at
        end as sql_at,
        add_time as created_at,
        update_time as updated_at
    from source

)

select * from renamed
