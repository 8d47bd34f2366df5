with

source as (

    {{ completed_loads('oracle_fusion', 'payments') }}

),

renamed as (

    select
        connection_id,
        cast(check_id as varchar) as payment_id,
        cast(payment_number as varchar) as payment_number,
        payment_type,
        coalesce(accounting_date, payment_date) as payment_date,
        payment_currency as currency_txn,
        payment_amount as amount_txn,
        payment_base_amount as amount_func,
        cast(conversion_rate as decimal(38, 15)) as func_per_txn,
        supplier_number,
        payee,
        legal_entity,
        cash_account_combination as combination_key,
        coalesce(lower(payment_status) like 'void%', false) or void_date is not null as is_voided,
        last_update_date as updated_at
    from source

)

select * from renamed
