-- Every journal balances to the last digit.
select connection_id, journal_id, sum(amount_func) as difference
from {{ ref('fct_gl_line') }}
group by connection_id, journal_id
having sum(amount_func) <> 0
