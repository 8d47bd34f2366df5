-- Debits equal credits in every month of every entity.
select entity_id, period_month, sum(amount_func) as difference
from {{ ref('trial_balance') }}
group by entity_id, period_month
having sum(amount_func) <> 0
