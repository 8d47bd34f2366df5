with

source as (

    {{ completed_loads('quickbooks', 'budgets') }}

),

deletions as (

    select * from {{ ref('stg_quickbooks__deletions') }}

),

-- What was deleted stays as it last was; ids are never used again.
marked as (

    select
        source.*,
        deletions.object_id is not null as is_deleted
    from source
    left join deletions
        on
            source.connection_id = deletions.connection_id
            and deletions.entity = 'Budget'
            and source.id = deletions.object_id

),

renamed as (

    select
        connection_id,
        id as budget_id,
        name as budget_name,
        lower(budget_entry_type) as entry_type,
        updated_at,
        is_deleted,
        _dlt_load_id
    from marked

)

select * from renamed
