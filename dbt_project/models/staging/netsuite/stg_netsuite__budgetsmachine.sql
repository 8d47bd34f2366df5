with

source as (

    {{ completed_loads('netsuite', 'budgetsmachine') }}

),

renamed as (

    select
        connection_id,
        budget as budget_id,
        period as period_id,
        amount
    from source

)

select * from renamed
