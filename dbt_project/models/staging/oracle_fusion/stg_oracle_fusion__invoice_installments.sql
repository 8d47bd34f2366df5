with

source as (

    {{ completed_loads('oracle_fusion', 'invoice_installments') }}

),

renamed as (

    select
        connection_id,
        cast(invoice_id as varchar) as invoice_id,
        installment_number,
        due_date,
        unpaid_amount as open_txn
    from source

)

select * from renamed
