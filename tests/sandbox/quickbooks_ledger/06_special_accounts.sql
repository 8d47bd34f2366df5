-- Accounts that transactions do not name: undeposited funds, exchange gains, the only tax account. One row per connection.

with

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

final as (

    select
        connection_id,
        arg_min(account_id, account_number) filter (where account_sub_type = 'UndepositedFunds') as undeposited_account_id,
        arg_min(account_id, account_number) filter (where account_sub_type = 'ExchangeGainOrLoss') as exchange_account_id,
        arg_min(account_id, account_number) filter (
            where account_sub_type in ('SalesTaxPayable', 'GlobalTaxPayable') or name in ('Sales Tax Payable', 'Global Tax Payable')
        ) as tax_account_id
    from accounts
    where active
    group by connection_id

)

select * from final
