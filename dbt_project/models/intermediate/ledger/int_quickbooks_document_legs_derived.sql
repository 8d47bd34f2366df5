-- Invoices, bills, receipts, credits and purchases: the total on one side, each line and each tax on its account on the other.
with

sides as (

    select unnest([1, 2]) as line_number

),

documents as (

    select
        *,
        case when transaction_type in ('Invoice', 'CreditMemo', 'Bill', 'VendorCredit') then control_account_id else money_account_id end
            as own_account_id,
        case
            when transaction_type in ('Invoice', 'SalesReceipt', 'VendorCredit') then 1
            when transaction_type = 'Purchase' and is_credit then 1
            else -1
        end as side
    from {{ ref('int_quickbooks_transactions_listed') }}
    where transaction_type in ('Invoice', 'CreditMemo', 'SalesReceipt', 'RefundReceipt', 'Bill', 'VendorCredit', 'Purchase')

),

lines as (

    select * from {{ ref('stg_quickbooks__transaction_lines') }}

),

tax_lines as (

    select * from {{ ref('stg_quickbooks__transaction_tax_lines') }}

),

item_accounts as (

    select * from {{ ref('int_quickbooks_item_accounts_picked') }}

),

system_accounts as (

    select * from {{ ref('int_quickbooks_system_accounts_picked') }}

),

tax_accounts as (

    select * from {{ ref('int_quickbooks_tax_accounts_picked') }}

),

preferences as (

    select * from {{ ref('stg_quickbooks__preferences') }}

),

final as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        'control' as role,
        0 as line_number,
        own_account_id as account_id,
        side * total_txn as amount_txn,
        func_per_txn
    from documents

    union all

    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        'line' as role,
        lines.line_number,
        case lines.detail_type
            when 'DiscountLineDetail' then coalesce(lines.discount_account_id, preferences.default_discount_account_id)
            when 'AccountBasedExpenseLineDetail' then lines.account_id
            when 'ItemBasedExpenseLineDetail' then item_accounts.purchase_account_id
            else
                coalesce(
                    lines.item_account_id,
                    case when lines.item_id = 'SHIPPING_ITEM_ID' then preferences.default_shipping_account_id end,
                    item_accounts.income_account_id
                )
        end as account_id,
        -documents.side * case lines.detail_type when 'DiscountLineDetail' then -lines.amount_txn else lines.amount_txn end as amount_txn,
        documents.func_per_txn
    from lines
    inner join documents
        on
            lines.connection_id = documents.connection_id
            and lines.transaction_type = documents.transaction_type
            and lines.transaction_id = documents.transaction_id
    inner join preferences on lines.connection_id = preferences.connection_id
    left join item_accounts on lines.connection_id = item_accounts.connection_id and lines.item_id = item_accounts.item_id
    where
        -- Subtotals and texts post nothing; a bundle's own line repeats the sum of those behind it.
        lines.detail_type in (
            'SalesItemLineDetail', 'DiscountLineDetail', 'AccountBasedExpenseLineDetail', 'ItemBasedExpenseLineDetail'
        )

    union all

    select
        tax_lines.connection_id,
        tax_lines.transaction_type,
        tax_lines.transaction_id,
        'tax' as role,
        tax_lines.position as line_number,
        coalesce(tax_accounts.account_id, system_accounts.tax_account_id) as account_id,
        -documents.side * tax_lines.amount_txn as amount_txn,
        documents.func_per_txn
    from tax_lines
    inner join documents
        on
            tax_lines.connection_id = documents.connection_id
            and tax_lines.transaction_type = documents.transaction_type
            and tax_lines.transaction_id = documents.transaction_id
    inner join system_accounts on tax_lines.connection_id = system_accounts.connection_id
    left join tax_accounts
        on tax_lines.connection_id = tax_accounts.connection_id and tax_lines.tax_rate_id = tax_accounts.tax_rate_id

    union all

    -- What a customer paid with the invoice itself.
    select
        documents.connection_id,
        documents.transaction_type,
        documents.transaction_id,
        'deposit' as role,
        sides.line_number,
        case sides.line_number when 1 then documents.money_account_id else documents.control_account_id end as account_id,
        case sides.line_number when 1 then documents.deposit_txn else -documents.deposit_txn end as amount_txn,
        documents.func_per_txn
    from documents
    cross join sides
    where documents.transaction_type = 'Invoice'

)

select * from final
where amount_txn <> 0
