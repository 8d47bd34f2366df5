-- Deposits and moves between two accounts.
with

sides as (

    select unnest([1, 2]) as line_number

),

transactions as (

    select * from {{ ref('int_quickbooks_transactions_listed') }}

),

deposits as (

    select * from transactions
    where transaction_type = 'Deposit'

),

lines as (

    select * from {{ ref('stg_quickbooks__transaction_lines') }}
    where transaction_type = 'Deposit'

),

tax_lines as (

    select * from {{ ref('stg_quickbooks__transaction_tax_lines') }}
    where transaction_type = 'Deposit'

),

links as (

    select * from {{ ref('stg_quickbooks__transaction_links') }}
    where transaction_type = 'Deposit' and line_number > 0 and position = 1

),

system_accounts as (

    select * from {{ ref('int_quickbooks_system_accounts_picked') }}

),

tax_accounts as (

    select * from {{ ref('int_quickbooks_tax_accounts_picked') }}

),

final as (

    -- The bank gets what the lines bring less the cash taken out.
    select
        connection_id,
        transaction_type,
        transaction_id,
        'money' as role,
        0 as line_number,
        money_account_id as account_id,
        total_txn as amount_txn,
        func_per_txn
    from deposits

    union all

    select
        connection_id,
        transaction_type,
        transaction_id,
        'cash_back' as role,
        0 as line_number,
        cash_back_account_id as account_id,
        cash_back_txn as amount_txn,
        func_per_txn
    from deposits

    union all

    -- Linked lines leave the account that held them, at the rate that they came in at.
    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        'line' as role,
        lines.line_number,
        coalesce(lines.account_id, held.money_account_id, system_accounts.undeposited_account_id) as account_id,
        -lines.amount_txn as amount_txn,
        case when held.currency_txn = deposits.currency_txn then held.func_per_txn else deposits.func_per_txn end as func_per_txn
    from lines
    inner join deposits on lines.connection_id = deposits.connection_id and lines.transaction_id = deposits.transaction_id
    inner join system_accounts on lines.connection_id = system_accounts.connection_id
    left join links
        on
            lines.connection_id = links.connection_id
            and lines.transaction_id = links.transaction_id
            and lines.line_number = links.line_number
    left join transactions as held
        on
            links.connection_id = held.connection_id
            and links.linked_type = held.transaction_type
            and links.linked_id = held.transaction_id
            and held.transaction_type in ('Payment', 'SalesReceipt', 'RefundReceipt')

    union all

    select
        tax_lines.connection_id,
        tax_lines.transaction_type,
        tax_lines.transaction_id,
        'tax' as role,
        tax_lines.position as line_number,
        coalesce(tax_accounts.account_id, system_accounts.tax_account_id) as account_id,
        -tax_lines.amount_txn as amount_txn,
        deposits.func_per_txn
    from tax_lines
    inner join deposits on tax_lines.connection_id = deposits.connection_id and tax_lines.transaction_id = deposits.transaction_id
    inner join system_accounts on tax_lines.connection_id = system_accounts.connection_id
    left join tax_accounts
        on tax_lines.connection_id = tax_accounts.connection_id and tax_lines.tax_rate_id = tax_accounts.tax_rate_id

    union all

    select
        transactions.connection_id,
        transactions.transaction_type,
        transactions.transaction_id,
        'money' as role,
        sides.line_number,
        case
            when transactions.transaction_type = 'Transfer' and sides.line_number = 1 then transactions.to_account_id
            when transactions.transaction_type = 'Transfer' then transactions.from_account_id
            when sides.line_number = 1 then transactions.credit_card_account_id
            else transactions.bank_account_id
        end as account_id,
        case sides.line_number when 1 then transactions.moved_txn else -transactions.moved_txn end as amount_txn,
        transactions.func_per_txn
    from transactions
    cross join sides
    where transactions.transaction_type in ('Transfer', 'CreditCardPayment')

)

select * from final
where amount_txn <> 0
