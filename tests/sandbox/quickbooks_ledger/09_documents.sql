-- The account on which a document is open, and the side on which its total stands there: 1 debit, -1 credit.

with

transactions as (

    select * from books.transactions

),

special_accounts as (

    select * from books.special_accounts

),

default_accounts as (

    select * from books.default_accounts

),

final as (

    select
        transactions.connection_id,
        transactions.transaction_type,
        transactions.id as transaction_id,
        transactions.fx_rate,
        transactions.total_amt,
        case
            when transactions.transaction_type in ('Invoice', 'CreditMemo')
                then coalesce(transactions.ar_account_id, customers.ar_account_id, receivable.account_id)
            when transactions.transaction_type in ('Bill', 'VendorCredit')
                then coalesce(transactions.ap_account_id, vendors.ap_account_id, payable.account_id)
            when transactions.transaction_type in ('SalesReceipt', 'RefundReceipt')
                then coalesce(transactions.deposit_to_account_id, special_accounts.undeposited_account_id)
            else transactions.account_id
        end as control_account_id,
        case
            when transactions.transaction_type in ('Invoice', 'SalesReceipt', 'VendorCredit') then 1
            when transactions.transaction_type = 'Purchase' and transactions.credit then 1
            else -1
        end as control_sign
    from transactions
    inner join special_accounts on transactions.connection_id = special_accounts.connection_id
    left join quickbooks.customers as customers
        on transactions.connection_id = customers.connection_id and transactions.customer_id = customers.id
    left join quickbooks.vendors as vendors on transactions.connection_id = vendors.connection_id and transactions.vendor_id = vendors.id
    left join default_accounts as receivable
        on
            transactions.connection_id = receivable.connection_id
            and transactions.currency_txn = receivable.currency
            and receivable.account_type = 'Accounts Receivable'
    left join default_accounts as payable
        on
            transactions.connection_id = payable.connection_id
            and transactions.currency_txn = payable.currency
            and payable.account_type = 'Accounts Payable'
    where
        transactions.transaction_type in (
            'Invoice', 'CreditMemo', 'SalesReceipt', 'RefundReceipt', 'Bill', 'VendorCredit', 'Purchase'
        )

)

select * from final
