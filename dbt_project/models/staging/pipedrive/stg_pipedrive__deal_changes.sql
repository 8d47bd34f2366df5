with

source as (

    {{ completed_loads('pipedrive', 'deal_changes') }}

),

renamed as (

    select
        connection_id,
        cast(deal_id as varchar) as deal_id,
        change_key as change_id,
        id as change_number,
        field_key,
        old_value,
        new_value,
        log_time as changed_at
    from source

)

select * from renamed
