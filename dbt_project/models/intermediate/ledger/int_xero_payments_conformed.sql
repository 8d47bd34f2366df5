with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

accounts as (

    select * from {{ ref('stg_xero__accounts') }}

),

bank_transactions as (

    select * from {{ ref('stg_xero__bank_transactions') }}

),

sources as (

    select * from {{ ref('int_xero_sources_named') }}

),

payments as (

    select
        payments.connection_id,
        payments.payment_id,
        case
            when
                payments.payment_type in ('accrecpayment', 'apcreditpayment', 'apoverpaymentpayment', 'apprepaymentpayment')
                then 'received'
            else 'made'
        end as payment_kind,
        payments.payment_date,
        coalesce(payments.invoice_id, payments.credit_note_id, payments.prepayment_id, payments.overpayment_id) as item_id,
        payments.account_id,
        cast(null as varchar) as currency_txn,
        payments.amount_txn,
        payments.bank_amount,
        payments.units_per_base,
        payments.status
    from {{ ref('stg_xero__payments') }} as payments
    union all
    -- Money on account is a payment too, of a document of its own.
    select
        connection_id,
        bank_transaction_id as payment_id,
        case when document_type like 'receive%' then 'received' else 'made' end as payment_kind,
        document_date as payment_date,
        bank_transaction_id as item_id,
        bank_account_id as account_id,
        currency_txn,
        total_txn as amount_txn,
        cast(null as decimal(38, 12)) as bank_amount,
        units_per_base,
        status
    from bank_transactions
    where document_type like '%prepayment' or document_type like '%overpayment'

),

final as (

    select
        payments.connection_id,
        organisations.organisation_id as org_unit_id,
        payments.payment_id,
        payments.payment_kind,
        payments.payment_date,
        coalesce(sources.document_id, payments.item_id) as document_id,
        payments.account_id as bank_account_id,
        coalesce(payments.currency_txn, sources.currency_txn) as currency_txn,
        {{ money('payments.amount_txn') }} as amount_txn,
        case
            when
                payments.bank_amount is not null
                and coalesce(accounts.currency_code, organisations.base_currency) = organisations.base_currency
                then {{ money('payments.bank_amount') }}
            else {{ posted('payments.amount_txn / coalesce(payments.units_per_base, 1)', 'organisations.base_currency') }}
        end as amount_func,
        payments.status
    from payments
    inner join organisations on payments.connection_id = organisations.connection_id
    left join accounts on payments.connection_id = accounts.connection_id and payments.account_id = accounts.account_id
    left join sources on payments.connection_id = sources.connection_id and payments.item_id = sources.source_id

)

select * from final
