with

source as (

    {{ completed_loads('salesforce', 'merges') }}

),

renamed as (

    select
        connection_id,
        object_type,
        loser_id,
        winner_id,
        merged_at
    from source

)

select * from renamed
