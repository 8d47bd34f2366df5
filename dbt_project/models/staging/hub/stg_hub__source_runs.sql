with

source as (

    select * from {{ source('hub', 'source_runs') }}

)

select * from source
