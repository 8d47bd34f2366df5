with

source as (

    {{ completed_loads('oracle_fusion', 'receivables_invoice_installments') }}

),

renamed as (

    select
        connection_id,
        cast(customer_transaction_id as varchar) as customer_transaction_id,
        installment_due_date as due_date,
        installment_balance_due as open_txn,
        accounted_balance_due as open_func
    from source

)

select * from renamed
