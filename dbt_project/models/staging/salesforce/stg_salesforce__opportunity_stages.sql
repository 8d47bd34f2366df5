with

source as (

    {{ completed_loads('salesforce', 'opportunity_stages') }}

),

renamed as (

    select
        connection_id,
        id as stage_id,
        api_name as stage_name,
        master_label as stage_label,
        sort_order,
        coalesce(is_active, false) as is_active,
        coalesce(is_closed, false) as is_closed,
        coalesce(is_won, false) as is_won,
        forecast_category_name as forecast_category,
        cast(default_probability / 100 as decimal(9, 6)) as default_probability
    from source

)

select * from renamed
