-- What lines of transactions are linked with; links name transactions in words of their own.

with

transactions as (

    select * from books.transactions

),

final as (

    select
        links.connection_id,
        links.transaction_type,
        links.transaction_id,
        links.line_number,
        links.txn_id as linked_id,
        case
            when links.txn_type in ('Check', 'Expense', 'CreditCardCharge', 'CreditCardCredit', 'CreditCardExpense') then 'Purchase'
            when links.txn_type in ('BillPaymentCheck', 'BillPaymentCreditCard') then 'BillPayment'
            else links.txn_type
        end as linked_type
    from quickbooks.transaction_links as links
    inner join transactions
        on
            links.connection_id = transactions.connection_id
            and links.transaction_type = transactions.transaction_type
            and links.transaction_id = transactions.id
            and links._dlt_load_id = transactions._dlt_load_id
    where links.line_number > 0 and links.position = 1

)

select * from final
