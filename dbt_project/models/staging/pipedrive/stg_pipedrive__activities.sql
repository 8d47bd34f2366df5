with

source as (

    {{ completed_loads('pipedrive', 'activities') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as activity_id,
        type as activity_type,
        subject,
        cast(owner_id as varchar) as owner_id,
        cast(deal_id as varchar) as deal_id,
        cast(person_id as varchar) as person_id,
        cast(org_id as varchar) as organization_id,
        done as is_done,
        -- When it was due is when it took place; its time is UTC, and absent where it took the day.
        coalesce(due_date + coalesce(try_cast(due_time as time), time '00:00:00'), marked_as_done_time, add_time) as occurred_at,
        add_time as created_at,
        update_time as updated_at
    from source

)

select * from renamed
