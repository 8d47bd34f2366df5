with

source as (

    select * from {{ source('hub', 'connections') }}

)

select * from source
