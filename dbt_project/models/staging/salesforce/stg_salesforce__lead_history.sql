with

source as (

    {{ completed_loads('salesforce', 'lead_history') }}

),

renamed as (

    select
        connection_id,
        id as change_id,
        lead_id,
        created_by_id,
        created_date as changed_at,
        field as field_name,
        data_type,
        old_value,
        new_value
    from source

)

select * from renamed
