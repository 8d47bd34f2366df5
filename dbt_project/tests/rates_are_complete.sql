-- A missing rate stops publishing: amounts in reporting currency would be incomplete.
select entity_id, period_month, from_currency, to_currency
from {{ ref('fct_fx_rate') }}
where fx_status = 'missing_rate'
