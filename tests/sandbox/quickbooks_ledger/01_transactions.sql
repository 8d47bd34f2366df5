-- Transactions as they stand. Those that were deleted are no longer part of the books.

with

deletions as (

    select * from quickbooks.deletions

),

preferences as (

    select * from quickbooks.preferences

),

final as (

    select
        transactions.*,
        coalesce(transactions.exchange_rate, 1) as fx_rate,
        coalesce(transactions.currency, preferences.home_currency) as currency_txn,
        transactions.private_note like 'Voided%' and coalesce(transactions.total_amt, transactions.amount, 0) = 0 as is_voided
    from quickbooks.transactions
    inner join preferences on transactions.connection_id = preferences.connection_id
    left join deletions
        on
            transactions.connection_id = deletions.connection_id
            and transactions.transaction_type = deletions.entity
            and transactions.id = deletions.id
    where deletions.id is null

)

select * from final
