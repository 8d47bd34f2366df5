with

source as (

    select * from {{ source('hub', 'parameters') }}

)

select * from source
