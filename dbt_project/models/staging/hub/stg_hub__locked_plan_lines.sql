with

source as (

    select * from {{ source('hub', 'locked_plan_lines') }}

)

select * from source
