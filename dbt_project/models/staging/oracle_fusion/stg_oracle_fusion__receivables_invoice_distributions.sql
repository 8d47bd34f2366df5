with

source as (

    {{ completed_loads('oracle_fusion', 'receivables_invoice_distributions') }}

),

renamed as (

    select
        connection_id,
        cast(customer_transaction_id as varchar) as customer_transaction_id,
        lower(account_class) in ('receivable', 'rec') as is_receivable,
        coalesce(account_combination, cast(code_combination_id as varchar)) as combination_key,
        accounted_amount as amount_func
    from source

)

select * from renamed
