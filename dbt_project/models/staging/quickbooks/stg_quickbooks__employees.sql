with

source as (

    {{ completed_loads('quickbooks', 'employees') }}

),

renamed as (

    select
        connection_id,
        id as employee_id,
        -- QuickBooks marks the names of inactive ones.
        case
            when coalesce(active, true) then display_name
            else regexp_replace(display_name, '\s*\(deleted( \d+)?\)$', '')
        end as employee_name,
        lower(email) as email
    from source

)

select * from renamed
