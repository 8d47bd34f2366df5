with

source as (

    {{ completed_loads('marketo', 'emails') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as email_id,
        name as email_name,
        subject,
        cast(program_id as varchar) as program_id,
        workspace as workspace_name,
        created_at
    from source

)

select * from renamed
