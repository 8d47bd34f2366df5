with

lines as (

    select * from {{ ref('int_ledger_gl_lines_stacked') }}

),

final as (

    select
        connection_id,
        org_unit_id,
        min(posting_date) as first_posting_date
    from lines
    group by connection_id, org_unit_id

)

select * from final
