-- Items with the accounts that their sales and purchases post to, their parents' where they name none.

with

final as (

    select
        items.connection_id,
        items.id as item_id,
        coalesce(items.income_account_id, parents.income_account_id) as income_account_id,
        case
            when items.type = 'Inventory' then coalesce(items.asset_account_id, parents.asset_account_id)
            else coalesce(items.expense_account_id, parents.expense_account_id)
        end as purchase_account_id
    from quickbooks.items
    left join quickbooks.items as parents on items.connection_id = parents.connection_id and items.parent_id = parents.id

)

select * from final
