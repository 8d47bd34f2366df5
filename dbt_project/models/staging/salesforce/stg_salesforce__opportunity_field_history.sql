with

source as (

    {{ completed_loads('salesforce', 'opportunity_field_history') }}

),

renamed as (

    select
        connection_id,
        id as change_id,
        opportunity_id,
        created_by_id,
        created_date as changed_at,
        field as field_name,
        data_type,
        old_value,
        new_value
    from source

)

select * from renamed
