with

current_parts as (

    {{ current_parts('transaction_links') }}

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
