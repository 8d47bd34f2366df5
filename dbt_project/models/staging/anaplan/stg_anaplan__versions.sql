with

source as (

    {{ completed_loads('anaplan', 'versions') }}

),

renamed as (

    select
        connection_id,
        id as version_id,
        name as version_name,
        coalesce(is_actual, false) as is_actual,
        coalesce(is_current, false) as is_current,
        nullif(formula, '') as formula,
        nullif(notes, '') as notes,
        edit_from_date as first_month,
        edit_to_date as last_month,
        switchover_date
    from source

)

select * from renamed
