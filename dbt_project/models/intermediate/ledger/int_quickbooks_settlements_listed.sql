-- What payments and bill payments take off open items: each at the account and the rate that the item was posted at, debit positive.
-- One row per line of a payment.
with

payments as (

    select
        *,
        -- What money does to its own account.
        case transaction_type when 'Payment' then 1 else -1 end as side
    from {{ ref('int_quickbooks_transactions_listed') }}
    where transaction_type in ('Payment', 'BillPayment')

),

lines as (

    select * from {{ ref('stg_quickbooks__transaction_lines') }}

),

links as (

    select * from {{ ref('stg_quickbooks__transaction_links') }}
    where line_number > 0 and position = 1

),

documents as (

    select * from {{ ref('int_quickbooks_transactions_listed') }}

),

entries as (

    select * from {{ ref('int_quickbooks_open_entries_listed') }}

),

final as (

    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        lines.line_number,
        payments.ledger,
        links.linked_type,
        links.linked_id,
        coalesce(entries.control_account_id, documents.control_account_id, payments.control_account_id) as control_account_id,
        coalesce(entries.func_per_txn, documents.func_per_txn, payments.func_per_txn) as func_per_txn,
        -- Credits and earlier payments work the other way, and so do entries that stand on the other side.
        -payments.side * lines.amount_txn
        * case
            when entries.amount_txn * payments.side < 0 then -1
            when entries.amount_txn is not null then 1
            when links.linked_type in ('CreditMemo', 'VendorCredit', 'SalesReceipt', 'Payment', 'BillPayment', 'Deposit') then -1
            else 1
        end as amount_txn
    from lines
    inner join payments
        on
            lines.connection_id = payments.connection_id
            and lines.transaction_type = payments.transaction_type
            and lines.transaction_id = payments.transaction_id
    left join links
        on
            lines.connection_id = links.connection_id
            and lines.transaction_type = links.transaction_type
            and lines.transaction_id = links.transaction_id
            and lines.line_number = links.line_number
    left join documents
        on
            links.connection_id = documents.connection_id
            and links.linked_type = documents.transaction_type
            and links.linked_id = documents.transaction_id
    left join entries
        on
            links.connection_id = entries.connection_id
            and links.linked_type = entries.transaction_type
            and links.linked_id = entries.transaction_id
            and payments.ledger = entries.ledger

)

select * from final
where amount_txn <> 0
