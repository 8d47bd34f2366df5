-- What a ledger that is rebuilt from documents had to leave out: one row a journal that would not balance.
with

legs as (

    select * from {{ ref('int_xero_legs_judged') }}

),

final as (

    select
        connection_id,
        org_unit_id,
        document_kind,
        document_type,
        document_id,
        document_number,
        posting_date as document_date,
        reason,
        {{ money('total_func') }} as amount_func,
        detail
    from legs
    where reason is not null
    qualify row_number() over (partition by connection_id, source_table, journal_id order by line_number, line_key) = 1

)

select * from final
