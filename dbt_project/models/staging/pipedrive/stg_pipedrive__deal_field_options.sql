with

source as (

    {{ completed_loads('pipedrive', 'deal_field_options') }}

),

renamed as (

    select
        connection_id,
        field_code,
        option_id,
        label
    from source

)

select * from renamed
