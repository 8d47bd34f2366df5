with

lines as (

    {{ conformed('gl_lines') }}

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
