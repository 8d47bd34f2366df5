-- Every raw line up to the as-of date stands in the ledger: same count, same debits.
with

raw_lines as (

    select lines.connection_id, count(*) as line_count, sum(case when lines.amount_func > 0 then lines.amount_func else 0 end) as debits
    from {{ ref('stg_xero__journal_lines') }} as lines
    left join {{ ref('stg_xero__journals') }} as journals
        on lines.connection_id = journals.connection_id and lines.journal_id = journals.journal_id
    cross join {{ ref('stg_hub__parameters') }} as parameters
    where coalesce(journals.posting_date, parameters.as_of_date) <= parameters.as_of_date
    group by lines.connection_id

),

ledger_lines as (

    select connection_id, count(*) as line_count, sum(case when amount_func > 0 then amount_func else 0 end) as debits
    from {{ ref('fct_gl_line') }}
    group by connection_id

)

select raw_lines.*
from raw_lines
left join ledger_lines on raw_lines.connection_id = ledger_lines.connection_id
where ledger_lines.line_count is distinct from raw_lines.line_count or ledger_lines.debits is distinct from raw_lines.debits
