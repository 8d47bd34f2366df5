with

source as (

    select * from {{ source('hub', 'unavailable_tables') }}

)

select * from source
