with

source as (

    {{ completed_loads('xero', 'budgets') }}

),

renamed as (

    select
        connection_id,
        budget_id,
        lower(type) as budget_type,
        description as budget_name,
        updated_date_utc as updated_at
    from source

)

select * from renamed
