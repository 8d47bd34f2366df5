with

source as (

    select * from {{ source('hub', 'check_results') }}

)

select * from source
