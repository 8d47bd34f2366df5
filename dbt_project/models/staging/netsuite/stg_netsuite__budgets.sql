with

source as (

    {{ completed_loads('netsuite', 'budgets') }}

),

renamed as (

    select
        connection_id,
        id as budget_id,
        account as account_id,
        category as category_id,
        department as department_id,
        subsidiary as subsidiary_id
    from source

)

select * from renamed
