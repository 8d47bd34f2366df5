-- Balanced double entries from QuickBooks' transactions, by the posting rules of dlt_sources/quickbooks/README.md.
-- One row per posted line: debit positive, `amount_txn` in the transaction's currency, `amount_func` in the home currency.

with

transactions as (

    select * from books.transactions

),

lines as (

    select * from books.lines

),

special_accounts as (

    select * from books.special_accounts

),

document_entries as (

    select * from books.document_entries

),

journal_entries as (

    select * from books.journal_entries

),

settlement_entries as (

    select * from books.settlement_entries

),

money_entries as (

    select * from books.money_entries

),

entries as (

    select * from document_entries
    union all by name
    select * from journal_entries
    union all by name
    select * from settlement_entries
    union all by name
    select * from money_entries

),

converted as (

    select
        *,
        cast(round(amount_txn * fx_rate, 2) as decimal(20, 4)) as rounded_func,
        sum(cast(round(amount_txn * fx_rate, 2) as decimal(20, 4))) over (
            partition by connection_id, transaction_type, transaction_id
        ) as residual_func,
        sum(amount_txn) over (partition by connection_id, transaction_type, transaction_id) as residual_txn,
        row_number() over (
            partition by connection_id, transaction_type, transaction_id
            order by part in ('line', 'tax') desc, abs(amount_txn) desc, part asc, line_number asc
        ) as size_rank
    from entries
    where amount_txn <> 0

),

-- Balanced in its own currency, a transaction must balance at home: where several rates meet the difference is an exchange gain
-- or loss, elsewhere it is what rounding left and goes to the largest line. What does not balance in its own currency stays so.
balanced as (

    select
        * exclude (rounded_func, size_rank, residual_func),
        rounded_func - case
            when
                size_rank = 1 and residual_txn = 0
                and transaction_type not in ('Payment', 'BillPayment', 'Deposit')
                then residual_func
            else 0
        end as amount_func
    from converted

    union all by name

    select
        converted.connection_id,
        converted.transaction_type,
        converted.transaction_id,
        0 as line_number,
        'exchange gain' as part,
        special_accounts.exchange_account_id as account_id,
        cast(0 as decimal(38, 12)) as amount_txn,
        cast(1 as decimal(38, 12)) as fx_rate,
        converted.residual_txn,
        -converted.residual_func as amount_func
    from converted
    inner join special_accounts on converted.connection_id = special_accounts.connection_id
    where
        converted.size_rank = 1
        and converted.residual_txn = 0
        and converted.residual_func <> 0
        and converted.transaction_type in ('Payment', 'BillPayment', 'Deposit')

),

final as (

    select
        balanced.connection_id,
        balanced.transaction_type,
        balanced.transaction_id,
        balanced.part,
        balanced.line_number,
        transactions.txn_date as posting_date,
        cast(date_trunc('month', transactions.txn_date) as date) as period_month,
        transactions.doc_number,
        balanced.account_id,
        cast(balanced.amount_txn as decimal(20, 4)) as amount_txn,
        transactions.currency_txn,
        cast(balanced.amount_func as decimal(20, 4)) as amount_func,
        balanced.residual_txn = 0 as is_balanced,
        coalesce(lines.description, transactions.private_note) as description,
        coalesce(lines.class_id, transactions.class_id) as class_id,
        coalesce(lines.department_id, transactions.department_id) as department_id,
        coalesce(
            lines.customer_id,
            transactions.customer_id,
            case when lower(lines.entity_type) = 'customer' then lines.entity_id end,
            case when lower(transactions.entity_type) = 'customer' then transactions.entity_id end
        ) as customer_id,
        coalesce(
            transactions.vendor_id,
            case when lower(lines.entity_type) = 'vendor' then lines.entity_id end,
            case when lower(transactions.entity_type) = 'vendor' then transactions.entity_id end
        ) as vendor_id,
        lines.item_id,
        lines.tax_code_id,
        transactions.is_voided,
        transactions.created_at as entry_created_at,
        transactions.updated_at as entry_updated_at
    from balanced
    inner join transactions
        on
            balanced.connection_id = transactions.connection_id
            and balanced.transaction_type = transactions.transaction_type
            and balanced.transaction_id = transactions.id
    left join lines
        on
            balanced.connection_id = lines.connection_id
            and balanced.transaction_type = lines.transaction_type
            and balanced.transaction_id = lines.transaction_id
            and balanced.line_number = lines.line_number
            and balanced.part = 'line'

)

select * from final
