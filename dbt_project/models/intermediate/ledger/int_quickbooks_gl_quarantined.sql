-- What a ledger that is rebuilt from transactions had to leave out: one row a transaction that would not balance.
with

legs as (

    select * from {{ ref('int_quickbooks_legs_judged') }}

),

final as (

    select
        connection_id,
        org_unit_id,
        document_kind,
        transaction_type as document_type,
        transaction_id as document_id,
        transaction_number as document_number,
        posting_date as document_date,
        reason,
        {{ money('total_func') }} as amount_func,
        detail
    from legs
    where reason is not null
    qualify row_number() over (partition by connection_id, transaction_type, transaction_id order by line_number, line_key) = 1

)

select * from final
