with

source as (

    {{ completed_loads('pipedrive', 'person_fields') }}

),

renamed as (

    select
        connection_id,
        field_code,
        field_name,
        field_type,
        is_custom_field
    from source

)

select * from renamed
