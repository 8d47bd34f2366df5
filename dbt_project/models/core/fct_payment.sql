with

payments as (

    select * from {{ ref('int_ledger_payments_stacked') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

final as (

    select
        payments.source_system,
        payments.connection_id,
        entities.entity_id,
        payments.payment_id,
        payments.payment_kind,
        payments.payment_date,
        payments.document_id,
        payments.bank_account_id,
        payments.currency_txn,
        payments.amount_txn,
        entities.currency_func,
        payments.amount_func,
        payments.status
    from payments
    inner join entities on payments.connection_id = entities.connection_id and payments.org_unit_id = entities.org_unit_id
    cross join {{ ref('dim_as_of') }} as today
    where payments.payment_date <= today.as_of_date

)

select * from final
