with

source as (

    {{ completed_loads('marketo', 'channel_statuses') }}

),

renamed as (

    select
        connection_id,
        cast(channel_id as varchar) as channel_id,
        name as status_name,
        step as status_step,
        success as is_success,
        hidden as is_hidden
    from source

)

select * from renamed
