with

source as (

    select * from {{ source('hub', 'closings') }}

)

select * from source
