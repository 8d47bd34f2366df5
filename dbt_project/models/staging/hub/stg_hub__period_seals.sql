with

source as (

    select * from {{ source('hub', 'period_seals') }}

)

select * from source
