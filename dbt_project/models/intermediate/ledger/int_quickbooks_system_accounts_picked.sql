-- Accounts that transactions do not name: undeposited funds, exchange gains, the only tax account. One row per connection.
with

books as (

    select * from {{ ref('int_quickbooks_books_conformed') }}

),

accounts as (

    select * from {{ ref('stg_quickbooks__accounts') }}
    where is_active

),

final as (

    select
        books.connection_id,
        arg_min(accounts.account_id, accounts.account_number) filter (where accounts.account_sub_type = 'UndepositedFunds')
            as undeposited_account_id,
        arg_min(accounts.account_id, accounts.account_number) filter (where accounts.account_sub_type = 'ExchangeGainOrLoss')
            as exchange_account_id,
        arg_min(accounts.account_id, accounts.account_number) filter (
            where
            accounts.account_sub_type in ('SalesTaxPayable', 'GlobalTaxPayable')
            or accounts.account_name in ('Sales Tax Payable', 'Global Tax Payable')
        ) as tax_account_id
    from books
    left join accounts on books.connection_id = accounts.connection_id
    group by books.connection_id

)

select * from final
