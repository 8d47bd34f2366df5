with

source as (

    {{ completed_loads('sap', 'cost_center_texts') }}

),

renamed as (

    select
        connection_id,
        controlling_area,
        cost_center,
        language,
        validity_start_date as valid_from,
        validity_end_date as valid_to,
        coalesce(cost_center_name, cost_center_description) as cost_center_name
    from source

)

select * from renamed
