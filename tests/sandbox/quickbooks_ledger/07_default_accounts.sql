-- The receivables and payables of each currency. One row per connection, type and currency.

with

preferences as (

    select * from quickbooks.preferences

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

-- Accounts that transactions do not name: receivables and payables by currency, undeposited funds, exchange gains.
final as (

    select
        accounts.connection_id,
        accounts.account_type,
        coalesce(accounts.currency, preferences.home_currency) as currency,
        arg_min(accounts.account_id, accounts.account_number) as account_id
    from accounts
    inner join preferences on accounts.connection_id = preferences.connection_id
    where accounts.active and accounts.account_type in ('Accounts Receivable', 'Accounts Payable')
    group by all

)

select * from final
