-- Payments: open items go at the rate that they were posted at, the money at that of the payment.

with

transactions as (

    select * from books.transactions

),

lines as (

    select * from books.lines

),

links as (

    select * from books.links

),

documents as (

    select * from books.documents

),

journal_entries as (

    select * from books.journal_entries

),

special_accounts as (

    select * from books.special_accounts

),

default_accounts as (

    select * from books.default_accounts

),

accounts as (

    select
        connection_id,
        id as account_id,
        account_type,
        account_sub_type,
        name,
        currency,
        active,
        try_cast(id as bigint) as account_number
    from quickbooks.accounts

),

-- Journal entries that are open items themselves: on which account, and with which sign.
open_entries as (

    select
        journal_entries.connection_id,
        journal_entries.transaction_id,
        any_value(journal_entries.account_id) as control_account_id,
        any_value(journal_entries.fx_rate) as fx_rate,
        sum(journal_entries.amount_txn) as amount_txn
    from journal_entries
    inner join accounts on journal_entries.connection_id = accounts.connection_id and journal_entries.account_id = accounts.account_id
    where accounts.account_type in ('Accounts Receivable', 'Accounts Payable')
    group by journal_entries.connection_id, journal_entries.transaction_id

),

-- What a payment settles: open items go at the rate that they were posted at, the rest at that of the payment.
settled_lines as (

    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        lines.line_number,
        lines.amount,
        coalesce(documents.control_account_id, open_entries.control_account_id) as control_account_id,
        coalesce(documents.fx_rate, open_entries.fx_rate, transactions.fx_rate) as fx_rate,
        -- A check to a customer against receivables is a charge like an invoice, a card's refund from a vendor one like a bill.
        case
            when links.linked_type in ('CreditMemo', 'VendorCredit', 'SalesReceipt', 'Payment', 'BillPayment') then -1
            when lines.transaction_type = 'Payment' and links.linked_type = 'JournalEntry' and open_entries.amount_txn < 0 then -1
            when lines.transaction_type = 'BillPayment' and links.linked_type = 'JournalEntry' and open_entries.amount_txn > 0 then -1
            else 1
        end as sign
    from lines
    inner join transactions
        on
            lines.connection_id = transactions.connection_id
            and lines.transaction_type = transactions.transaction_type
            and lines.transaction_id = transactions.id
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
            and documents.transaction_type <> 'Purchase'
    left join open_entries
        on
            links.connection_id = open_entries.connection_id
            and links.linked_type = 'JournalEntry'
            and links.linked_id = open_entries.transaction_id
    where lines.transaction_type in ('Payment', 'BillPayment')

),

settlements as (

    select
        transactions.connection_id,
        transactions.transaction_type,
        transactions.id as transaction_id,
        transactions.fx_rate,
        transactions.total_amt,
        case transactions.transaction_type when 'Payment' then 1 else -1 end as money_sign,
        case
            when transactions.transaction_type = 'Payment'
                then coalesce(transactions.deposit_to_account_id, special_accounts.undeposited_account_id)
            else coalesce(transactions.bank_account_id, transactions.credit_card_account_id)
        end as money_account_id,
        coalesce(
            transactions.ar_account_id, transactions.ap_account_id, customers.ar_account_id, vendors.ap_account_id, control.account_id
        ) as control_account_id
    from transactions
    inner join special_accounts on transactions.connection_id = special_accounts.connection_id
    left join quickbooks.customers as customers
        on transactions.connection_id = customers.connection_id and transactions.customer_id = customers.id
    left join quickbooks.vendors as vendors on transactions.connection_id = vendors.connection_id and transactions.vendor_id = vendors.id
    left join default_accounts as control
        on
            transactions.connection_id = control.connection_id
            and transactions.currency_txn = control.currency
            and control.account_type
            = case transactions.transaction_type when 'Payment' then 'Accounts Receivable' else 'Accounts Payable' end
    where transactions.transaction_type in ('Payment', 'BillPayment')

),

applied_sums as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        sum(sign * amount) as amount
    from settled_lines
    group by all

),

final as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        0 as line_number,
        'money' as part,
        money_account_id as account_id,
        money_sign * total_amt as amount_txn,
        fx_rate
    from settlements
    where total_amt <> 0

    union all by name

    select
        settled_lines.connection_id,
        settled_lines.transaction_type,
        settled_lines.transaction_id,
        settled_lines.line_number,
        'line' as part,
        coalesce(settled_lines.control_account_id, settlements.control_account_id) as account_id,
        -settlements.money_sign * settled_lines.sign * settled_lines.amount as amount_txn,
        settled_lines.fx_rate
    from settled_lines
    inner join settlements
        on
            settled_lines.connection_id = settlements.connection_id
            and settled_lines.transaction_type = settlements.transaction_type
            and settled_lines.transaction_id = settlements.transaction_id

    union all by name

    -- What a payment does not settle stays open on the control account, as a credit of the party.
    select
        settlements.connection_id,
        settlements.transaction_type,
        settlements.transaction_id,
        0 as line_number,
        'unapplied' as part,
        settlements.control_account_id as account_id,
        -settlements.money_sign * (settlements.total_amt - coalesce(applied_sums.amount, 0)) as amount_txn,
        settlements.fx_rate
    from settlements
    left join applied_sums
        on
            settlements.connection_id = applied_sums.connection_id
            and settlements.transaction_type = applied_sums.transaction_type
            and settlements.transaction_id = applied_sums.transaction_id
    where settlements.total_amt <> coalesce(applied_sums.amount, 0)

)

select * from final
