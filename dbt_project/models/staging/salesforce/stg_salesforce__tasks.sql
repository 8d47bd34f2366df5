with

source as (

    {{ completed_loads('salesforce', 'tasks') }}

),

renamed as (

    select
        connection_id,
        id as task_id,
        who_id,
        what_id,
        account_id,
        owner_id,
        subject,
        activity_date,
        type as task_type,
        task_subtype,
        status,
        coalesce(is_closed, false) as is_closed,
        call_type,
        call_duration_in_seconds,
        completed_date_time as completed_at,
        created_date as created_at
    from source

)

select * from renamed
