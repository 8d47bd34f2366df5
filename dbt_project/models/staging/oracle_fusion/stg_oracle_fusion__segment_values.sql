with

source as (

    {{ completed_loads('oracle_fusion', 'segment_values') }}

),

renamed as (

    select
        connection_id,
        value_set_code,
        value as segment_value,
        coalesce(description, translated_value) as segment_value_name,
        upper(account_type) as account_type,
        coalesce(enabled_flag, true) as is_enabled
    from source

)

select * from renamed
