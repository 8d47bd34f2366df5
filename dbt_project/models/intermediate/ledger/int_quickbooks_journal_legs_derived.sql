-- Journal entries: lines with their side. A tax has none of its own: it stands on the side that balances the entry.
with

entries as (

    select * from {{ ref('int_quickbooks_transactions_listed') }}
    where transaction_type = 'JournalEntry'

),

lines as (

    select * from {{ ref('stg_quickbooks__transaction_lines') }}
    where transaction_type = 'JournalEntry' and detail_type = 'JournalEntryLineDetail'

),

tax_lines as (

    select * from {{ ref('stg_quickbooks__transaction_tax_lines') }}
    where transaction_type = 'JournalEntry'

),

system_accounts as (

    select * from {{ ref('int_quickbooks_system_accounts_picked') }}

),

tax_accounts as (

    select * from {{ ref('int_quickbooks_tax_accounts_picked') }}

),

posted_lines as (

    select
        lines.connection_id,
        lines.transaction_type,
        lines.transaction_id,
        'line' as role,
        lines.line_number,
        lines.account_id,
        case lines.posting_type when 'Debit' then lines.amount_txn when 'Credit' then -lines.amount_txn end as amount_txn,
        entries.func_per_txn
    from lines
    inner join entries on lines.connection_id = entries.connection_id and lines.transaction_id = entries.transaction_id

),

sums as (

    select
        connection_id,
        transaction_id,
        any_value(func_per_txn) as func_per_txn,
        sum(amount_txn) as amount_txn
    from posted_lines
    group by connection_id, transaction_id

),

final as (

    select * from posted_lines

    union all

    select
        tax_lines.connection_id,
        tax_lines.transaction_type,
        tax_lines.transaction_id,
        'tax' as role,
        tax_lines.position as line_number,
        coalesce(tax_accounts.account_id, system_accounts.tax_account_id) as account_id,
        case when sums.amount_txn > 0 then -tax_lines.amount_txn else tax_lines.amount_txn end as amount_txn,
        sums.func_per_txn
    from tax_lines
    inner join sums on tax_lines.connection_id = sums.connection_id and tax_lines.transaction_id = sums.transaction_id
    inner join system_accounts on tax_lines.connection_id = system_accounts.connection_id
    left join tax_accounts
        on tax_lines.connection_id = tax_accounts.connection_id and tax_lines.tax_rate_id = tax_accounts.tax_rate_id
    where sums.amount_txn <> 0

)

select * from final
where amount_txn <> 0
