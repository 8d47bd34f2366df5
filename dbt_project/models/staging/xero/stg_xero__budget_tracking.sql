with

source as (

    {{ completed_loads('xero', 'budget_tracking') }}

),

renamed as (

    select
        connection_id,
        budget_id,
        lower(name) as category_name,
        option as option_name
    from source

)

select * from renamed
