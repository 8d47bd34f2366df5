with

source as (

    {{ completed_loads('oracle_fusion', 'standard_receipts') }}

),

renamed as (

    select
        connection_id,
        cast(standard_receipt_id as varchar) as receipt_id,
        receipt_number,
        coalesce(accounting_date, receipt_date) as receipt_date,
        currency as currency_txn,
        amount as amount_txn,
        accounted_amount as amount_func,
        unapplied_amount as unapplied_txn,
        cast(conversion_rate as decimal(38, 15)) as func_per_txn,
        coalesce(lower(state) like 'revers%' or lower(status) like 'revers%' or reversal_date is not null, false) as is_reversed,
        customer_account_number as customer_number,
        customer_name,
        legal_entity,
        last_update_date as updated_at,
        _page_id
    from source

)

select * from renamed
