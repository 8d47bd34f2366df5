with

source as (

    select * from {{ source('hub', 'closed_balances') }}

)

select * from source
