with

channels as (

    select * from {{ ref('channels') }}

)

select * from channels
