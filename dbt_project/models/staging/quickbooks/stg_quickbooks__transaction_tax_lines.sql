with

current_parts as (

    {{ current_parts('transaction_tax_lines') }}

),

renamed as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        position,
        tax_rate_id,
        amount as amount_txn
    from current_parts

)

select * from renamed
