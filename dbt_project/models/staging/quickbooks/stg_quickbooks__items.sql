with

source as (

    {{ completed_loads('quickbooks', 'items') }}

),

renamed as (

    select
        connection_id,
        id as item_id,
        name as item_name,
        type as item_type,
        parent_id as parent_item_id,
        income_account_id,
        expense_account_id,
        asset_account_id
    from source

)

select * from renamed
