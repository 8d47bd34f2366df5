with

payments as (

    select * from {{ ref('stg_database__payments') }}

),

documents as (

    select * from {{ ref('stg_database__documents') }}

),

final as (

    select
        payments.connection_id,
        coalesce(payments.ledger_id, 'all') as org_unit_id,
        payments.payment_id,
        -- Who pays a bill, or pays a customer back, spends: unless the amount has a minus.
        case
            when (documents.document_type in ('bill', 'invoice_credit')) = (payments.amount_txn >= 0) then 'made'
            else 'received'
        end as payment_kind,
        payments.payment_date,
        payments.document_id,
        payments.account_id as bank_account_id,
        coalesce(payments.currency_txn, documents.currency_txn) as currency_txn,
        {{ money('abs(payments.amount_txn)') }} as amount_txn,
        cast(
            abs(
                coalesce(
                    payments.amount_func,
                    case when payments.units_per_base > 0 then round(payments.amount_txn / payments.units_per_base, 2) end,
                    payments.amount_txn
                )
            ) as decimal(20, 4)
        ) as amount_func,
        case
            when coalesce(payments.status in ('void', 'voided', 'cancelled', 'canceled', 'deleted'), false) then 'voided'
            else 'authorised'
        end as status
    from payments
    left join documents on payments.connection_id = documents.connection_id and payments.document_id = documents.document_id

)

select * from final
