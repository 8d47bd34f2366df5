-- Where sales and purchases of an item post to: to its own accounts, else to its parent's. One row per item.
with

items as (

    select * from {{ ref('stg_quickbooks__items') }}

),

final as (

    select
        items.connection_id,
        items.item_id,
        coalesce(items.income_account_id, parents.income_account_id) as income_account_id,
        case
            when items.item_type = 'Inventory' then coalesce(items.asset_account_id, parents.asset_account_id)
            else coalesce(items.expense_account_id, parents.expense_account_id)
        end as purchase_account_id
    from items
    left join items as parents on items.connection_id = parents.connection_id and items.parent_item_id = parents.item_id

)

select * from final
