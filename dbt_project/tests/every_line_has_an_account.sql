-- A ledger line whose account nobody knows would be missing from every statement.
select lines.connection_id, lines.gl_line_key, lines.account_id
from {{ ref('fct_gl_line') }} as lines
left join {{ ref('dim_account') }} as accounts
    on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
where accounts.account_id is null or accounts.account_class = 'unmapped'
