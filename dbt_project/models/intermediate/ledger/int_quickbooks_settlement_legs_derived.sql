-- Payments: the money, what it takes off open items, and what it leaves open on the control account, as a credit of the party.
with

payments as (

    select
        *,
        case transaction_type when 'Payment' then 1 else -1 end as side
    from {{ ref('int_quickbooks_transactions_listed') }}
    where transaction_type in ('Payment', 'BillPayment')

),

settlements as (

    select * from {{ ref('int_quickbooks_settlements_listed') }}

),

settled as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        sum(amount_txn) as amount_txn
    from settlements
    group by connection_id, transaction_type, transaction_id

),

final as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        'money' as role,
        0 as line_number,
        money_account_id as account_id,
        side * total_txn as amount_txn,
        func_per_txn
    from payments

    union all

    select
        connection_id,
        transaction_type,
        transaction_id,
        'line' as role,
        line_number,
        control_account_id as account_id,
        amount_txn,
        func_per_txn
    from settlements

    union all

    select
        payments.connection_id,
        payments.transaction_type,
        payments.transaction_id,
        'unapplied' as role,
        0 as line_number,
        payments.control_account_id as account_id,
        -payments.side * payments.total_txn - coalesce(settled.amount_txn, 0) as amount_txn,
        payments.func_per_txn
    from payments
    left join settled
        on
            payments.connection_id = settled.connection_id
            and payments.transaction_type = settled.transaction_type
            and payments.transaction_id = settled.transaction_id

)

select * from final
where amount_txn <> 0
