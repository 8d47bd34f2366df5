-- Journal entries: lines with their side. A tax has none of its own: it stands on the side that balances the entry.

with

transactions as (

    select * from books.transactions

),

lines as (

    select * from books.lines

),

tax_lines as (

    select * from books.tax_lines

),

special_accounts as (

    select * from books.special_accounts

),

tax_accounts as (

    select * from books.tax_accounts

),

journal_lines as (

    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        lines.line_number,
        'line' as part,
        lines.account_id,
        case lines.posting_type when 'Debit' then lines.amount when 'Credit' then -lines.amount end as amount_txn,
        transactions.fx_rate
    from lines
    inner join transactions
        on
            lines.connection_id = transactions.connection_id
            and lines.transaction_type = transactions.transaction_type
            and lines.transaction_id = transactions.id
    where lines.transaction_type = 'JournalEntry' and lines.detail_type = 'JournalEntryLineDetail'

),

journal_sums as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        any_value(fx_rate) as fx_rate,
        sum(amount_txn) as amount_txn
    from journal_lines
    group by all

),

final as (

    select * from journal_lines

    union all by name

    select
        tax_lines.connection_id,
        tax_lines.transaction_type,
        tax_lines.transaction_id,
        tax_lines.position as line_number,
        'tax' as part,
        coalesce(tax_accounts.account_id, special_accounts.tax_account_id) as account_id,
        case when journal_sums.amount_txn > 0 then -tax_lines.amount else tax_lines.amount end as amount_txn,
        journal_sums.fx_rate
    from tax_lines
    inner join journal_sums
        on
            tax_lines.connection_id = journal_sums.connection_id
            and tax_lines.transaction_type = journal_sums.transaction_type
            and tax_lines.transaction_id = journal_sums.transaction_id
    inner join special_accounts on tax_lines.connection_id = special_accounts.connection_id
    left join tax_accounts
        on tax_lines.connection_id = tax_accounts.connection_id and tax_lines.tax_rate_id = tax_accounts.tax_rate_id
    where journal_sums.amount_txn <> 0

)

select * from final
