with

source as (

    {{ completed_loads('xero', 'items') }}

),

renamed as (

    select
        connection_id,
        item_id,
        code as item_code,
        name as item_name,
        description,
        sales_account_code,
        purchase_account_code,
        is_sold,
        is_purchased
    from source

)

select * from renamed
