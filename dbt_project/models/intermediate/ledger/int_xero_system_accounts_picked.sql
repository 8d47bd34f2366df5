-- The accounts that Xero itself posts to. One row per connection.
with

accounts as (

    select * from {{ ref('stg_xero__accounts') }}

),

final as (

    select
        connection_id,
        min(case when system_account = 'debtors' then account_id end) as receivable_account_id,
        min(case when system_account = 'creditors' then account_id end) as payable_account_id,
        min(case when system_account = 'gst' then account_id end) as tax_account_id,
        min(case when system_account = 'rounding' then account_id end) as rounding_account_id,
        min(case when system_account = 'realisedcurrencygain' then account_id end) as currency_gain_account_id
    from accounts
    group by connection_id

)

select * from final
