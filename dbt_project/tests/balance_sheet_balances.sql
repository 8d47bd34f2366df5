-- Assets equal liabilities and equity at every month's end.
select entity_id, period_month, sum(case when account_class in ('asset', 'unmapped') then amount_func else -amount_func end) as difference
from {{ ref('balance_sheet') }}
group by entity_id, period_month
having sum(case when account_class in ('asset', 'unmapped') then amount_func else -amount_func end) <> 0
