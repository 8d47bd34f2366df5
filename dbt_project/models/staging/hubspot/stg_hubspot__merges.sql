with

source as (

    {{ completed_loads('hubspot', 'merges') }}

),

renamed as (

    select
        connection_id,
        object_type,
        loser_id,
        winner_id
    from source

)

select * from renamed
