-- A tax is owed to the agency of its rate: on the account that bears the agency's name, else on the company's only tax account.

with

special_accounts as (

    select * from books.special_accounts

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

final as (

    select
        rates.connection_id,
        rates.id as tax_rate_id,
        coalesce(arg_min(accounts.account_id, accounts.account_number), any_value(special_accounts.tax_account_id)) as account_id
    from quickbooks.tax_rates as rates
    inner join special_accounts on rates.connection_id = special_accounts.connection_id
    left join quickbooks.tax_agencies as agencies on rates.connection_id = agencies.connection_id and rates.agency_id = agencies.id
    left join accounts on agencies.connection_id = accounts.connection_id and agencies.display_name || ' Payable' = accounts.name
    group by rates.connection_id, rates.id

)

select * from final
