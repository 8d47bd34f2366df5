-- Deposits and moves between two accounts.

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

links as (

    select * from books.links

),

special_accounts as (

    select * from books.special_accounts

),

tax_accounts as (

    select * from books.tax_accounts

),

-- Deposits: the bank gets what the lines bring less the cash taken out; linked lines leave the account that held them.
deposit_entries as (

    select
        transactions.connection_id,
        transactions.transaction_type,
        transactions.id as transaction_id,
        0 as line_number,
        'money' as part,
        transactions.deposit_to_account_id as account_id,
        transactions.total_amt as amount_txn,
        transactions.fx_rate
    from transactions
    where transactions.transaction_type = 'Deposit'

    union all by name

    select
        transactions.connection_id,
        transactions.transaction_type,
        transactions.id as transaction_id,
        1 as line_number,
        'cash back' as part,
        transactions.cash_back_account_id as account_id,
        transactions.cash_back_amount as amount_txn,
        transactions.fx_rate
    from transactions
    where transactions.transaction_type = 'Deposit' and transactions.cash_back_amount <> 0

    union all by name

    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        lines.line_number,
        'line' as part,
        coalesce(lines.account_id, held.deposit_to_account_id, special_accounts.undeposited_account_id) as account_id,
        -lines.amount as amount_txn,
        case when held.currency_txn = transactions.currency_txn then held.fx_rate else transactions.fx_rate end as fx_rate
    from lines
    inner join transactions
        on
            lines.connection_id = transactions.connection_id
            and lines.transaction_type = transactions.transaction_type
            and lines.transaction_id = transactions.id
    inner join special_accounts on lines.connection_id = special_accounts.connection_id
    left join links
        on
            lines.connection_id = links.connection_id
            and lines.transaction_type = links.transaction_type
            and lines.transaction_id = links.transaction_id
            and lines.line_number = links.line_number
    left join transactions as held
        on
            links.connection_id = held.connection_id
            and links.linked_type = held.transaction_type
            and links.linked_id = held.id
            and held.transaction_type in ('Payment', 'SalesReceipt', 'RefundReceipt')
    where lines.transaction_type = 'Deposit'

    union all by name

    select
        tax_lines.connection_id,
        tax_lines.transaction_type,
        tax_lines.transaction_id,
        tax_lines.position as line_number,
        'tax' as part,
        coalesce(tax_accounts.account_id, special_accounts.tax_account_id) as account_id,
        -tax_lines.amount as amount_txn,
        transactions.fx_rate
    from tax_lines
    inner join transactions
        on
            tax_lines.connection_id = transactions.connection_id
            and tax_lines.transaction_type = transactions.transaction_type
            and tax_lines.transaction_id = transactions.id
    inner join special_accounts on tax_lines.connection_id = special_accounts.connection_id
    left join tax_accounts
        on tax_lines.connection_id = tax_accounts.connection_id and tax_lines.tax_rate_id = tax_accounts.tax_rate_id
    where tax_lines.transaction_type = 'Deposit'

),

-- Money that moves between two accounts.
move_entries as (

    select
        transactions.connection_id,
        transactions.transaction_type,
        transactions.id as transaction_id,
        side.line_number,
        'money' as part,
        case
            when transactions.transaction_type = 'Transfer' and side.line_number = 1 then transactions.to_account_id
            when transactions.transaction_type = 'Transfer' then transactions.from_account_id
            when side.line_number = 1 then transactions.credit_card_account_id
            else transactions.bank_account_id
        end as account_id,
        case side.line_number when 1 then transactions.amount else -transactions.amount end as amount_txn,
        transactions.fx_rate
    from transactions
    cross join sides as side
    where transactions.transaction_type in ('Transfer', 'CreditCardPayment')

),

final as (

    select * from deposit_entries
    union all by name
    select * from move_entries

)

select * from final
