-- Assets equal liabilities and equity at every month's end, in the entity's currency and in that of reporting.
select
    entity_id,
    period_month,
    sum(case when account_class in ('asset', 'unmapped') then amount_func else -amount_func end) as difference_func,
    sum(case when account_class in ('asset', 'unmapped') then amount_rpt else -amount_rpt end) as difference_rpt
from {{ ref('balance_sheet') }}
group by entity_id, period_month
having difference_func <> 0 or difference_rpt <> 0
