with

source as (

    {{ completed_loads('marketo', 'program_members') }}

),

renamed as (

    select
        connection_id,
        cast(program_id as varchar) as program_id,
        cast(lead_id as varchar) as lead_id,
        status_name,
        reached_success as has_reached_success,
        reached_success_date as reached_success_at,
        acquired_by as is_acquired_by,
        membership_date as member_since_at,
        updated_at
    from source

)

select * from renamed
