with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

payments as (

    select * from {{ ref('stg_xero__payments') }}

),

final as (

    select
        payments.connection_id,
        organisations.organisation_id as org_unit_id,
        payments.payment_id,
        case
            when
                payments.payment_type in ('accrecpayment', 'apcreditpayment', 'apoverpaymentpayment', 'apprepaymentpayment')
                then 'received'
            else 'made'
        end as payment_kind,
        payments.payment_date,
        coalesce(payments.invoice_id, payments.credit_note_id) as document_id,
        payments.account_id as bank_account_id,
        cast(null as varchar) as currency_txn,
        cast(payments.amount_txn as decimal(20, 4)) as amount_txn,
        {{ posted('payments.amount_txn / coalesce(payments.units_per_base, 1)', 'organisations.base_currency') }} as amount_func,
        payments.status
    from payments
    inner join organisations on payments.connection_id = organisations.connection_id

)

select * from final
