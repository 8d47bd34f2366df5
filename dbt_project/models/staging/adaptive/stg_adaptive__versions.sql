with

source as (

    {{ completed_loads('adaptive', 'versions') }}

),

renamed as (

    select
        connection_id,
        id as version_id,
        parent_id as parent_version_id,
        name as version_name,
        lower(type) as version_type,
        coalesce(is_virtual, false) as is_virtual,
        coalesce(is_default_version, false) as is_default,
        coalesce(is_locked, false) as is_locked,
        description,
        start_plan,
        first_period,
        last_period,
        first_year,
        completed_values_thru as completed_period
    from source

)

select * from renamed
