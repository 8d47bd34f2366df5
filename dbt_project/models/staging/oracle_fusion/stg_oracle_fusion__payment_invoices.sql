with

source as (

    {{ completed_loads('oracle_fusion', 'payment_invoices') }}

),

renamed as (

    select
        connection_id,
        cast(check_id as varchar) as payment_id,
        cast(invoice_id as varchar) as invoice_id
    from source

)

select * from renamed
