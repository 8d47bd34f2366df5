-- Receivables and payables of each currency: QuickBooks makes an account for each. One row per connection, ledger and currency.
with

books as (

    select * from {{ ref('int_quickbooks_books_conformed') }}

),

accounts as (

    select * from {{ ref('stg_quickbooks__accounts') }}
    where is_active and account_type in ('Accounts Receivable', 'Accounts Payable')

),

final as (

    select
        accounts.connection_id,
        case accounts.account_type when 'Accounts Receivable' then 'receivable' else 'payable' end as ledger,
        coalesce(accounts.currency_code, books.currency_func) as currency_code,
        arg_min(accounts.account_id, accounts.account_number) as account_id
    from accounts
    inner join books on accounts.connection_id = books.connection_id
    group by accounts.connection_id, accounts.account_type, coalesce(accounts.currency_code, books.currency_func)

)

select * from final
