with

source as (

    {{ completed_loads('anaplan', 'models') }}

),

renamed as (

    select
        connection_id,
        id as model_id,
        name as model_name,
        active_state,
        current_workspace_id as workspace_id,
        current_workspace_name as workspace_name,
        iso_creation_date as created_at,
        last_modified as updated_at,
        last_saved_serial_number as serial_number
    from source

)

select * from renamed
