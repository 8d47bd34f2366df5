with

current_parts as (

    {{ current_parts('transaction_lines') }}

),

renamed as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        line_number,
        -- The vendor's own number of the line stays with it when others come before it.
        case
            when count(*) over (partition by connection_id, transaction_type, transaction_id, line_id) = 1 and line_id is not null
                then line_id
            else 'n' || line_number
        end as line_key,
        detail_type,
        description,
        amount as amount_txn,
        posting_type,
        item_id,
        item_account_id,
        account_id,
        discount_account_id,
        class_id,
        department_id,
        customer_id,
        entity_id,
        tax_code_id
    from current_parts

)

select * from renamed
