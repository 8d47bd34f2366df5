with

source as (

    select * from {{ source('hub', 'control_results') }}

)

select * from source
