-- A tax is owed to the agency of its rate: on the account that bears the agency's name, else on the company's only tax account.
with

system_accounts as (

    select * from {{ ref('int_quickbooks_system_accounts_picked') }}

),

accounts as (

    select * from {{ ref('stg_quickbooks__accounts') }}

),

rates as (

    select * from {{ ref('stg_quickbooks__tax_rates') }}

),

agencies as (

    select * from {{ ref('stg_quickbooks__tax_agencies') }}

),

final as (

    select
        rates.connection_id,
        rates.tax_rate_id,
        coalesce(arg_min(accounts.account_id, accounts.account_number), any_value(system_accounts.tax_account_id)) as account_id
    from rates
    inner join system_accounts on rates.connection_id = system_accounts.connection_id
    left join agencies on rates.connection_id = agencies.connection_id and rates.tax_agency_id = agencies.tax_agency_id
    left join accounts
        on agencies.connection_id = accounts.connection_id and agencies.tax_agency_name || ' Payable' = accounts.account_name
    group by rates.connection_id, rates.tax_rate_id

)

select * from final
