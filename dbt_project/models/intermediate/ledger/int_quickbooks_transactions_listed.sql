{{ config(materialized='table') }}
-- Transactions that stand, with their currency, their rate and the account that each moves as a whole. One row per
-- transaction. A table, since all that is derived from transactions reads it.
with

transactions as (

    select * from {{ ref('stg_quickbooks__transactions') }}
    where not is_deleted

),

books as (

    select * from {{ ref('int_quickbooks_books_conformed') }}

),

system_accounts as (

    select * from {{ ref('int_quickbooks_system_accounts_picked') }}

),

control_accounts as (

    select * from {{ ref('int_quickbooks_control_accounts_picked') }}

),

customers as (

    select * from {{ ref('stg_quickbooks__customers') }}

),

vendors as (

    select * from {{ ref('stg_quickbooks__vendors') }}

),

-- A check that is written to receivables or payables pays a party: customers are refunded that way.
paying_parties as (

    select distinct
        lines.connection_id,
        lines.transaction_id
    from {{ ref('stg_quickbooks__transaction_lines') }} as lines
    inner join {{ ref('stg_quickbooks__accounts') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where lines.transaction_type = 'Purchase' and accounts.account_type in ('Accounts Receivable', 'Accounts Payable')

),

-- A deposit of nothing but payments and receipts brings to the bank what customers have paid already.
banked as (

    select
        lines.connection_id,
        lines.transaction_id
    from {{ ref('stg_quickbooks__transaction_lines') }} as lines
    left join {{ ref('stg_quickbooks__transaction_links') }} as links
        on
            lines.connection_id = links.connection_id
            and lines.transaction_type = links.transaction_type
            and lines.transaction_id = links.transaction_id
            and lines.line_number = links.line_number
            and links.linked_type in ('Payment', 'SalesReceipt', 'RefundReceipt')
    where lines.transaction_type = 'Deposit'
    group by lines.connection_id, lines.transaction_id
    having count(*) = count(links.linked_id)

),

named as (

    select
        transactions.*,
        books.org_unit_id,
        books.currency_func,
        coalesce(transactions.customer_id, transactions.vendor_id, transactions.entity_id) as party_id,
        coalesce(transactions.currency_txn, books.currency_func) as currency_known,
        case
            when transactions.transaction_type in ('Invoice', 'SalesReceipt') then 'sale'
            when transactions.transaction_type in ('CreditMemo', 'RefundReceipt') then 'sale_credit'
            when transactions.transaction_type = 'Bill' then 'purchase'
            when transactions.transaction_type = 'VendorCredit' then 'purchase_credit'
            when transactions.transaction_type = 'Payment' then 'payment_received'
            when transactions.transaction_type = 'BillPayment' then 'payment_made'
            when paying_parties.transaction_id is not null and transactions.is_credit then 'payment_received'
            when paying_parties.transaction_id is not null then 'payment_made'
            when transactions.transaction_type = 'Purchase' and transactions.is_credit then 'bank_received'
            when transactions.transaction_type = 'Purchase' then 'bank_spent'
            when banked.transaction_id is not null then 'payment_received'
            when transactions.transaction_type = 'Deposit' then 'bank_received'
            when transactions.transaction_type in ('Transfer', 'CreditCardPayment') then 'bank_transfer'
            when transactions.transaction_type = 'JournalEntry' then 'journal'
            else lower(transactions.transaction_type)
        end as document_kind,
        case
            when transactions.transaction_type in ('Invoice', 'CreditMemo', 'Payment') then 'receivable'
            when transactions.transaction_type in ('Bill', 'VendorCredit', 'BillPayment') then 'payable'
        end as ledger
    from transactions
    inner join books on transactions.connection_id = books.connection_id
    left join paying_parties
        on
            transactions.connection_id = paying_parties.connection_id
            and case transactions.transaction_type when 'Purchase' then transactions.transaction_id end = paying_parties.transaction_id
    left join banked
        on
            transactions.connection_id = banked.connection_id
            and case transactions.transaction_type when 'Deposit' then transactions.transaction_id end = banked.transaction_id

),

final as (

    select
        named.connection_id,
        named.org_unit_id,
        named.transaction_type,
        named.transaction_id,
        named.transaction_number,
        named.document_kind,
        named.ledger,
        named.party_id,
        named.posting_date,
        named.due_date,
        named.description,
        named.currency_func,
        named.currency_known as currency_txn,
        -- In its own currency the company's rate is one; of another one without a rate nothing is known.
        case
            when named.currency_known = named.currency_func then coalesce(named.func_per_txn, 1)
            else named.func_per_txn
        end as func_per_txn,
        named.total_txn,
        named.open_txn,
        named.deposit_txn,
        named.moved_txn,
        named.cash_back_txn,
        named.is_credit,
        named.is_voided,
        -- Of documents and of payments: where they are open, or take off what is.
        case
            when named.ledger = 'receivable'
                then coalesce(named.receivable_account_id, customers.receivable_account_id, control_accounts.account_id)
            when named.ledger = 'payable'
                then coalesce(named.payable_account_id, vendors.payable_account_id, control_accounts.account_id)
        end as control_account_id,
        -- Where the money went, or came from.
        case
            when named.transaction_type in ('SalesReceipt', 'RefundReceipt', 'Payment', 'Invoice')
                then coalesce(named.deposit_to_account_id, system_accounts.undeposited_account_id)
            when named.transaction_type = 'Deposit' then named.deposit_to_account_id
            when named.transaction_type = 'Purchase' then named.account_id
            when named.transaction_type = 'BillPayment' then coalesce(named.bank_account_id, named.credit_card_account_id)
        end as money_account_id,
        named.from_account_id,
        named.to_account_id,
        named.bank_account_id,
        named.credit_card_account_id,
        named.cash_back_account_id,
        named.class_id,
        named.department_id,
        named.created_at,
        named.updated_at,
        named._page_id,
        named._dlt_load_id
    from named
    inner join system_accounts on named.connection_id = system_accounts.connection_id
    left join customers on named.connection_id = customers.connection_id and named.customer_id = customers.customer_id
    left join vendors on named.connection_id = vendors.connection_id and named.vendor_id = vendors.vendor_id
    left join control_accounts
        on
            named.connection_id = control_accounts.connection_id
            and named.ledger = control_accounts.ledger
            and named.currency_known = control_accounts.currency_code

)

select * from final
