-- Documents: the total on the control account, each line on its account, each tax on its agency's account.

with

sides as (

    select unnest([1, 2]) as line_number

),

transactions as (

    select * from books.transactions

),

lines as (

    select * from books.lines

),

tax_lines as (

    select * from books.tax_lines

),

documents as (

    select * from books.documents

),

items as (

    select * from books.items

),

special_accounts as (

    select * from books.special_accounts

),

tax_accounts as (

    select * from books.tax_accounts

),

preferences as (

    select * from quickbooks.preferences

),

final as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        0 as line_number,
        'control' as part,
        control_account_id as account_id,
        control_sign * total_amt as amount_txn,
        fx_rate
    from documents

    union all by name

    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        lines.line_number,
        'line' as part,
        case lines.detail_type
            when 'DiscountLineDetail' then coalesce(lines.discount_account_id, preferences.default_discount_account_id)
            when 'AccountBasedExpenseLineDetail' then lines.account_id
            when 'ItemBasedExpenseLineDetail' then items.purchase_account_id
            else
                coalesce(
                    lines.item_account_id,
                    case when lines.item_id = 'SHIPPING_ITEM_ID' then preferences.default_shipping_account_id end,
                    items.income_account_id
                )
        end as account_id,
        -documents.control_sign * case lines.detail_type when 'DiscountLineDetail' then -lines.amount else lines.amount end as amount_txn,
        documents.fx_rate
    from lines
    inner join documents
        on
            lines.connection_id = documents.connection_id
            and lines.transaction_type = documents.transaction_type
            and lines.transaction_id = documents.transaction_id
    inner join preferences on lines.connection_id = preferences.connection_id
    left join items on lines.connection_id = items.connection_id and lines.item_id = items.item_id
    where
        -- Subtotals and texts post nothing; a bundle's own line repeats the sum of those behind it.
        lines.detail_type in (
            'SalesItemLineDetail', 'DiscountLineDetail', 'AccountBasedExpenseLineDetail', 'ItemBasedExpenseLineDetail'
        )

    union all by name

    select
        tax_lines.connection_id,
        tax_lines.transaction_type,
        tax_lines.transaction_id,
        tax_lines.position as line_number,
        'tax' as part,
        coalesce(tax_accounts.account_id, special_accounts.tax_account_id) as account_id,
        -documents.control_sign * tax_lines.amount as amount_txn,
        documents.fx_rate
    from tax_lines
    inner join documents
        on
            tax_lines.connection_id = documents.connection_id
            and tax_lines.transaction_type = documents.transaction_type
            and tax_lines.transaction_id = documents.transaction_id
    inner join special_accounts on tax_lines.connection_id = special_accounts.connection_id
    left join tax_accounts
        on tax_lines.connection_id = tax_accounts.connection_id and tax_lines.tax_rate_id = tax_accounts.tax_rate_id

    union all by name

    -- What a customer paid with the invoice itself.
    select
        documents.connection_id,
        documents.transaction_type,
        documents.transaction_id,
        side.line_number,
        'deposit' as part,
        case side.line_number
            when 1 then coalesce(transactions.deposit_to_account_id, special_accounts.undeposited_account_id)
            else documents.control_account_id
        end as account_id,
        case side.line_number when 1 then transactions.deposit else -transactions.deposit end as amount_txn,
        documents.fx_rate
    from documents
    inner join transactions
        on
            documents.connection_id = transactions.connection_id
            and documents.transaction_type = transactions.transaction_type
            and documents.transaction_id = transactions.id
    inner join special_accounts on documents.connection_id = special_accounts.connection_id
    cross join sides as side
    where documents.transaction_type = 'Invoice' and transactions.deposit <> 0

)

select * from final
