with

parts as (

    {{ completed_loads('quickbooks', 'transaction_links') }}

),

transactions as (

    select * from {{ ref('stg_quickbooks__transactions') }}
    where not is_deleted

),

-- A transaction and its parts travel in one load: what is older than the transaction is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join transactions
        on
            parts.connection_id = transactions.connection_id
            and parts.transaction_type = transactions.transaction_type
            and parts.transaction_id = transactions.transaction_id
            and parts._dlt_load_id = transactions._dlt_load_id

),

renamed as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        line_number,
        position,
        txn_id as linked_id,
        -- Links name transactions in words of their own.
        case
            when txn_type in ('Check', 'Expense', 'CreditCardCharge', 'CreditCardCredit', 'CreditCardExpense') then 'Purchase'
            when txn_type in ('BillPaymentCheck', 'BillPaymentCreditCard') then 'BillPayment'
            else txn_type
        end as linked_type
    from current_parts

)

select * from renamed
